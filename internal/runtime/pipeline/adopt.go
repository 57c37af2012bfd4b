package pipeline

import (
	"context"
	"errors"
)

// adopt makes the item of an event that has none although its record is in Silver: its request could not write the item
// and was not acknowledged, its message was sent all the same, and no worker lived to make the item. An item that
// expired is not made again.
func (s *sweep) adopt(ctx context.Context, orphan Item) (bool, error) {
	orphan.ExpiresAt = Expiry(orphan.Event, s.StatusRetention)
	if orphan.Expired(s.Now()) {
		return false, nil
	}
	record, _, err := firstRecord(ctx, s.Silver, orphan.SilverKey())
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, unavailable("look for the orphan's record", err)
	}
	if record.Source.Key != orphan.Bronze.Key || record.ReplayID != "" {
		return false, nil // not of this object; a replayed event had its item
	}
	if s.report.DryRun {
		return true, nil
	}
	processed := Item{
		Event: Event{
			ID: record.ID, Type: record.Type, ReceivedAt: record.ReceivedAt,
			Bronze: record.Source.Location, SHA256: record.Source.SHA256, Bytes: record.Source.Bytes,
		},
		Status:      Processed,
		ProcessedAt: record.ProcessedAt,
		Silver:      Location{Bucket: s.SilverBucket, Key: orphan.SilverKey()},
		Filtered:    record.Filtered,
	}
	processed.ExpiresAt = Expiry(processed.Event, s.StatusRetention)
	if err := s.Bus.Publish(ctx, []Notification{NewNotification(processed)})[0]; err != nil {
		return false, err
	}
	return mended(moved(s.Items.Finish(ctx, processed), processed))
}
