package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"
)

// storeOutput runs the processor on the payload and stores its output in Silver.
func (w Worker) storeOutput(d deadlines, t *task) error {
	now := toMillis(w.Now())
	stored, err := w.runAndStore(d, t, now)
	var outdated outdatedError
	if errors.As(err, &outdated) {
		t.item, t.Skipped = outdated.item, true
		return nil
	}
	if err != nil {
		return err
	}
	t.item = Item{
		Event:       t.Event,
		Status:      Processed,
		Attempts:    t.Delivery.Attempt,
		ProcessedAt: now,
		Silver:      t.Event.silverIn(w.SilverBucket),
		Filtered:    stored.Filtered,
		ExpiresAt:   Expiry(t.Event, w.StatusRetention),
	}
	return nil
}

// runAndStore returns the first record of the object that Silver then holds.
func (w Worker) runAndStore(d deadlines, t *task, now time.Time) (Record, error) {
	if err := d.begin.Err(); err != nil {
		return Record{}, unavailable("begin the event", err)
	}
	payload, err := readPayload(d.finish, w.Bronze, t.Event)
	if err != nil {
		return Record{}, err
	}
	if err := w.begin(d, t); err != nil {
		return Record{}, err
	}
	hurried := d.hurried(time.Now())
	output, err := Transform(d.output, w.Processor, t.Event, t.Delivery.Attempt, payload)
	switch {
	case err == nil:
		return w.storeRecords(d.finish, NewRecords(t.Event, output, now))
	case hurried && d.beginEnded(time.Now()):
		// Slow services or other events have used up the time: this is not the processor's failure.
		return Record{}, unavailable("give the processor enough time", err)
	case fromProcessor(ErrorCode(err)):
		return w.recordOrError(d.finish, t.Event, err)
	}
	return Record{}, err
}

// maxPayloadBytes equals Lambda's limit for the input of an invocation, so the API can't have
// accepted more.
const maxPayloadBytes = 6 << 20

// readPayload returns the event's payload from Bronze and checks its hash.
func readPayload(ctx context.Context, bronze BronzeReader, event Event) ([]byte, error) {
	if event.Bytes > maxPayloadBytes {
		return nil, Errorf(PayloadTooLarge,
			"The payload has %d bytes; at most %d are processed.", event.Bytes, maxPayloadBytes)
	}
	payload, err := bronze.Get(ctx, event.Bronze.Key)
	if errors.Is(err, ErrNotFound) {
		return nil, Errorf(PayloadMissing, "Bronze has no object %s", event.Bronze.Key)
	}
	if err != nil {
		return nil, unavailable("get the payload", err)
	}
	if sum := sha256.Sum256(payload); hex.EncodeToString(sum[:]) != event.SHA256 {
		return nil, Errorf(PayloadMismatch,
			"Bronze object %s does not have the hash that was accepted", event.Bronze.Key)
	}
	return payload, nil
}

// publish sends the notifications of the tasks that have neither failed nor been skipped. It leaves
// out quiet replays.
func (w Worker) publish(ctx context.Context, tasks []*task) {
	var notifications []Notification
	var published []*task
	for _, t := range tasks {
		if t.open() && !t.Event.Replay.Quiet {
			notifications = append(notifications, NewNotification(t.item))
			published = append(published, t)
		}
	}
	if len(notifications) == 0 {
		return
	}
	for i, err := range w.Bus.Publish(ctx, notifications) {
		if err != nil {
			published[i].Err = unavailable("publish EventProcessed", err)
		}
	}
}

// complete marks the task's event PROCESSED.
func (w Worker) complete(ctx context.Context, t *task) error {
	err := w.Items.Finish(ctx, t.item)
	var moved *TransitionError
	if errors.As(err, &moved) {
		// Another delivery, or an earlier attempt of this call, has finished the event, or a replay
		// has reopened it.
		t.Skipped = !moved.From.ProcessedAt.Equal(t.item.ProcessedAt)
		t.item = moved.From
		return nil
	}
	if err != nil {
		return unavailable("mark the event PROCESSED", err)
	}
	return nil
}
