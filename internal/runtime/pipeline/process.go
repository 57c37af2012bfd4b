package pipeline

import (
	"context"
	"errors"
	"slices"
	"time"
)

// storeOutput runs the processor on the payload and stores the processor's output in Silver.
func (w Worker) storeOutput(d deadlines, t *task) error {
	now := toMillis(w.Now())
	var filtered Filtered
	var err error
	if t.Event.IsBatch() {
		t.batch, err = w.storeBatch(d, t, now)
	} else {
		var stored Record
		stored, err = w.runAndStore(d, t, now)
		filtered = stored.Filtered
	}
	if err := t.skipIfOutdated(err); err != nil || t.Skipped {
		return err
	}
	t.item = Item{
		Event:       t.Event,
		Status:      Processed,
		Attempts:    t.Delivery.Attempt,
		ProcessedAt: now,
		Silver:      t.Event.silverIn(w.SilverBucket),
		Filtered:    filtered,
		SplitOff:    t.batch.splitOff(),
		ExpiresAt:   Expiry(t.Event, w.StatusRetention),
	}
	return nil
}

// runAndStore runs the processor on a single event and stores the output. It returns the first
// record of the object that Silver then holds.
func (w Worker) runAndStore(d deadlines, t *task, now time.Time) (Record, error) {
	if err := d.begin.Err(); err != nil {
		return Record{}, unavailable("start the event in time", err)
	}
	payload, err := readEventPayload(d.finish, w.Bronze, t.Event)
	if err != nil {
		return Record{}, err
	}
	if err := w.begin(d, t); err != nil {
		return Record{}, err
	}
	output, err := w.transform(d, t.Event, t.Delivery.Attempt, payload)
	switch {
	case err == nil:
		return w.storeRecords(d.finish, NewRecords(t.Event, output, now))
	case fromProcessor(ErrorCode(err)):
		return w.recordOrError(d.finish, t.Event, err)
	}
	return Record{}, err
}

// transform runs the processor as soon as fewer than maxConcurrent processors run in this
// invocation. The error's code is Unavailable if the processor began too late to end in time, or
// did not begin.
func (w Worker) transform(
	d deadlines, event Event, attempt int, payload []byte,
) (Output, error) {
	select {
	case d.processors <- struct{}{}:
		defer func() { <-d.processors }()
	case <-d.begin.Done():
		return Output{}, unavailable("start the processor in time", d.begin.Err())
	}
	late := d.pastHalf(time.Now())
	output, err := Transform(d.output, w.Processor, event, attempt, payload)
	if err != nil && late && d.beginEnded(time.Now()) {
		// Slow services or other events have used up the time. The processor did not fail.
		return Output{}, unavailable("give the processor enough time", err)
	}
	return output, err
}

// maxPayloadBytes is Lambda's limit for the input of an invocation. The API can't have accepted
// larger payloads.
const maxPayloadBytes = 6 << 20

// readPayload returns the event's Bronze object and checks its hash.
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
	if hashOf(payload) != event.SHA256 {
		return nil, Errorf(PayloadMismatch,
			"Bronze object %s differs from the accepted payload", event.Bronze.Key)
	}
	return payload, nil
}

// readEventPayload returns the payload of a single event, or of an event that was split off a
// batch.
func readEventPayload(ctx context.Context, bronze BronzeReader, event Event) ([]byte, error) {
	object, err := readPayload(ctx, bronze, event)
	if err != nil {
		return nil, err
	}
	return event.PayloadIn(object)
}

// publish sends the notifications of the tasks that neither failed nor were skipped. A quiet replay
// has no notifications.
func (w Worker) publish(ctx context.Context, tasks []*task) {
	var notifications []Notification
	var published []*task
	for _, t := range tasks {
		if t.unresolved() && !t.Event.Replay.Quiet {
			about := w.notificationsOf(t)
			notifications = append(notifications, about...)
			published = append(published, slices.Repeat([]*task{t}, len(about))...)
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
