package pipeline

import (
	"context"
	"errors"
)

// recreateItem creates the missing item of an event whose record is in Silver. It does not recreate
// an expired item.
//
// An item is missing if the API could not write it, and the worker crashed before it wrote the
// item.
//
// For a batch, recreateItem only sends the message, and a worker creates the item.
func (s *passRun) recreateItem(ctx context.Context, orphan Item) (bool, error) {
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
		return false, nil // from another request, or from a replay whose item has expired
	}
	if s.report.DryRun {
		return true, nil
	}
	processed := record.item()
	processed.ID = orphan.ID // the records of a batch have the ids of its events
	if processed.IsBatch() {
		return false, s.sendBatch(ctx, processed.Event)
	}
	processed.Silver = orphan.silverIn(s.SilverBucket)
	processed.ExpiresAt = Expiry(processed.Event, s.StatusRetention)
	if err := publish(ctx, s.Bus, processed); err != nil {
		return false, err
	}
	return repairResult(processed, s.Items.Finish(ctx, processed))
}
