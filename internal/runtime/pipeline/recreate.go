package pipeline

import (
	"context"
	"errors"
)

// recreateItem creates the item of an event whose record is in Silver. Its request could not write
// the item and was not acknowledged, but its message was sent, and the worker crashed after it
// stored the record. An expired item is not recreated.
func (s *sweep) recreateItem(ctx context.Context, orphan Item) (bool, error) {
	orphan.ExpiresAt = Expiry(orphan.Event, s.StatusRetention)
	if orphan.Expired(s.Now()) {
		return false, nil
	}
	record, _, err := firstRecord(ctx, s.Silver, orphan.SilverKey())
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, unavailable("get the orphan's record", err)
	}
	if record.Source.Key != orphan.Bronze.Key || record.ReplayID != "" {
		return false, nil // the record of another object, or of a replay, which had an item
	}
	if s.report.DryRun {
		return true, nil
	}
	processed := record.item()
	processed.Silver = orphan.silverIn(s.SilverBucket)
	processed.ExpiresAt = Expiry(processed.Event, s.StatusRetention)
	if err := publish(ctx, s.Bus, processed); err != nil {
		return false, err
	}
	return repaired(processed, s.Items.Finish(ctx, processed))
}
