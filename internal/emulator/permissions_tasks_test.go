package emulator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/secretsmanager"
)

// performTasks performs all tasks of the functions and returns the first error.
func (s *stage) performTasks(ctx context.Context) error {
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"accept and process an event", s.acceptAndProcess},
		{"accept an event twice with the same idempotency key", s.acceptKeyed},
		{"split an event off a batch", s.splitBatch},
		{"retry a temporary failure", s.retry},
		{"fail permanently", s.failPermanently},
		{"fail without a payload in Bronze", s.failMissing},
		{"replay events with and without a record", s.replay},
		{"reconcile", s.reconcile},
		{"read the secret of a webhook source", s.readSecret},
	} {
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %s", step.name, err)
		}
	}
	return nil
}

func (s *stage) accept(ctx context.Context, key string) (pipeline.Accepted, error) {
	return s.ingest.Accept(ctx, pipeline.Request{
		Body:  []byte(`{"eventType":"demo","message":"hello"}`),
		Keyed: key != "", Key: key, Caller: "caller",
	})
}

// status reads the status of an event as a client does. It returns an error if the status differs
// from the parameter want.
func (s *stage) status(ctx context.Context, event pipeline.Event, want pipeline.Status) error {
	item, err := s.statuses.Get(ctx, event.ID)
	if err == nil && item.Status != want {
		err = fmt.Errorf("event %s has status %s, want %s", event.ID, item.Status, want)
	}
	return err
}

// deliver passes a message from the queue to the worker. It deletes the message unless the worker
// wants a retry.
func (s *stage) deliver(ctx context.Context, worker pipeline.Worker) (pipeline.Result, error) {
	messages, err := s.queue.Receive(ctx, 1, 0)
	if err != nil || len(messages) != 1 {
		return pipeline.Result{}, fmt.Errorf("received %d messages, %v", len(messages), err)
	}
	m := messages[0]
	result := worker.Process(ctx, []pipeline.Delivery{{
		MessageID: m.ID, ReceiptHandle: m.ReceiptHandle, Attempt: m.ReceiveCount,
		Body: []byte(m.Body),
	}})[0]
	if result.Retry {
		return result, nil
	}
	return result, s.queue.Delete(m.ReceiptHandle)
}

// loseMessage deletes a message from the queue without processing it.
func (s *stage) loseMessage(ctx context.Context) error {
	messages, err := s.queue.Receive(ctx, 1, 0)
	if err != nil || len(messages) != 1 {
		return fmt.Errorf("received %d messages, %v", len(messages), err)
	}
	return s.queue.Delete(messages[0].ReceiptHandle)
}

func (s *stage) process(ctx context.Context) error {
	result, err := s.deliver(ctx, s.worker)
	if err == nil && (result.Status != pipeline.Processed || result.Err != nil) {
		err = fmt.Errorf("the event has status %s: %v", result.Status, result.Err)
	}
	return err
}

func (s *stage) acceptAndProcess(ctx context.Context) error {
	accepted, err := s.accept(ctx, "")
	if err != nil {
		return err
	}
	if err := s.status(ctx, accepted.Event, pipeline.Enqueued); err != nil {
		return err
	}
	if err := s.process(ctx); err != nil {
		return err
	}
	return s.status(ctx, accepted.Event, pipeline.Processed)
}

func (s *stage) acceptKeyed(ctx context.Context) error {
	first, err := s.accept(ctx, "key")
	if err != nil {
		return err
	}
	if err := s.process(ctx); err != nil {
		return err
	}
	again, err := s.accept(ctx, "key")
	if err == nil && (!again.Duplicate || again.Event.ID != first.Event.ID) {
		err = fmt.Errorf("the second request got %+v", again)
	}
	return err
}

func (s *stage) readSecret(ctx context.Context) error {
	if s.secret == "" { // the template has no webhook sources
		return nil
	}
	_, err := secretsmanager.NewReader(s.as(apiName)).Read(ctx, s.secret)
	return err
}

// failsOnce represents a processor that fails for the second event of a batch.
type failsOnce struct{}

func (failsOnce) Process(
	_ context.Context, event pipeline.Event, _ int, payload []byte,
) (pipeline.Output, error) {
	if strings.HasSuffix(event.ID, ".1") {
		return pipeline.Output{}, errors.New("not yet")
	}
	return pipeline.Output{Payloads: []json.RawMessage{payload}}, nil
}

func (s *stage) splitBatch(ctx context.Context) error {
	element := []byte(`{"eventType":"demo"}`)
	accepted, err := s.ingest.AcceptBatch(ctx, pipeline.BatchRequest{
		Elements: [][]byte{element, element}, Caller: "caller",
	})
	if err != nil {
		return err
	}
	worker := s.worker
	worker.Processor = failsOnce{}
	result, err := s.deliver(ctx, worker)
	if err != nil || len(result.SplitOff) != 1 {
		return fmt.Errorf("the batch has status %s: %w", result.Status,
			errors.Join(result.Err, err))
	}
	if err := s.process(ctx); err != nil {
		return err
	}
	for _, event := range append(accepted.Batches, result.SplitOff[0].Event) {
		if err := s.status(ctx, event, pipeline.Processed); err != nil {
			return err
		}
	}
	return nil
}

// brokenBus returns an error for each notification.
type brokenBus struct{}

func (brokenBus) Publish(_ context.Context, notifications []pipeline.Notification) []error {
	errs := make([]error, len(notifications))
	for i := range errs {
		errs[i] = errors.New("the bus is broken")
	}
	return errs
}

// retry processes an event whose notification fails. The worker must then request a retry.
func (s *stage) retry(ctx context.Context) error {
	if _, err := s.accept(ctx, ""); err != nil {
		return err
	}
	worker := s.worker
	worker.Bus = brokenBus{}
	result, err := s.deliver(ctx, worker)
	if err != nil || !result.Retry || result.RetryIn == 0 {
		return fmt.Errorf("want a retry with a delay, got delay %s: %w",
			result.RetryIn, errors.Join(result.Err, err))
	}
	return s.queue.ChangeVisibility(result.Delivery.ReceiptHandle, 0)
}

// failPermanently creates two FAILED events for the reconciler: one with a record in Silver, and
// one without.
func (s *stage) failPermanently(ctx context.Context) error {
	if err := s.loseMessage(ctx); err != nil { // the message that retry left
		return err
	}
	for _, recorded := range []bool{true, false} {
		accepted, err := s.accept(ctx, "")
		if err != nil {
			return err
		}
		if err := s.loseMessage(ctx); err != nil {
			return err
		}
		damaged := accepted.Event
		damaged.SHA256 = strings.Repeat("0", 64)
		if err := s.fail(ctx, damaged, pipeline.PayloadMismatch); err != nil {
			return err
		}
		if !recorded {
			continue
		}
		if err := s.put(ctx, s.silver, damaged.SilverKey(), "{}"); err != nil {
			return err
		}
	}
	return nil
}

func (s *stage) failMissing(ctx context.Context) error {
	accepted, err := s.accept(ctx, "")
	if err != nil {
		return err
	}
	if err := s.process(ctx); err != nil {
		return err
	}
	missing := accepted.Event
	if missing.ID, err = newID(); err != nil {
		return err
	}
	missing.Bronze.Key = missing.BronzeKey()
	return s.fail(ctx, missing, pipeline.PayloadMissing)
}

// fail sends a message for the event. It checks that the first delivery of the message fails
// permanently.
func (s *stage) fail(ctx context.Context, event pipeline.Event, code pipeline.Code) error {
	if err := s.operator.Queue.SendMany(ctx, []pipeline.Event{event})[0]; err != nil {
		return err
	}
	before, _, _ := s.dlq.Depth()
	result, err := s.deliver(ctx, s.worker)
	if err != nil {
		return err
	}
	after, _, _ := s.dlq.Depth()
	failed := result.Status == pipeline.Failed && pipeline.ErrorCode(result.Err) == code
	if !failed || after != before+1 {
		return fmt.Errorf("the event has status %s and the DLQ has %d more messages: %v",
			result.Status, after-before, result.Err)
	}
	return s.status(ctx, event, pipeline.Failed)
}

func (s *stage) replay(ctx context.Context) error {
	for _, without := range []bool{false, true} {
		accepted, err := s.accept(ctx, "")
		if err != nil {
			return err
		}
		if err := s.process(ctx); err != nil {
			return err
		}
		if without {
			key := accepted.Event.SilverKey()
			in := &awss3.DeleteObjectInput{Bucket: &s.silver, Key: &key}
			if _, err := s.operatorS3.DeleteObject(ctx, in); err != nil {
				return err
			}
		}
		id, err := newID()
		if err != nil {
			return err
		}
		hour := accepted.Event.ReceivedAt.Truncate(time.Hour)
		request := pipeline.ReplayRequest{
			Replay: pipeline.Replay{ID: id}, Type: "demo", From: hour, To: hour.Add(time.Hour),
		}
		var counts pipeline.ReplayCounts
		save := func(_ string, c pipeline.ReplayCounts) error { counts = c; return nil }
		err = s.operator.Run(ctx, request, "", save)
		if err != nil || counts.Sent == 0 {
			return fmt.Errorf("%d events were replayed, %v", counts.Sent, err)
		}
		for range counts.Sent {
			if err := s.process(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// reconcile runs the reconciler twice:
//
//   - The first run enqueues two events that have no message, and repairs a FAILED event that has a
//     record.
//   - The second run gives up on the two events, because reconcile has deleted their messages.
func (s *stage) reconcile(ctx context.Context) error {
	accepted, err := s.accept(ctx, "")
	if err != nil {
		return err
	}
	if err := s.loseMessage(ctx); err != nil {
		return err
	}
	orphan := accepted.Event
	if orphan.ID, err = newID(); err != nil {
		return err
	}
	if err := s.put(ctx, s.bronze, orphan.BronzeKey(), "{}"); err != nil {
		return err
	}
	first, err := s.run(ctx, 2*time.Hour)
	if err != nil || first.Reenqueued != 2 || first.Repaired != 1 || first.Orphans != 1 ||
		first.Errors != 0 {
		return fmt.Errorf("the first run returned %+v, %v", first, err)
	}
	for range first.Reenqueued {
		if err := s.loseMessage(ctx); err != nil {
			return err
		}
	}
	before, _, _ := s.dlq.Depth()
	second, err := s.run(ctx, 4*time.Hour)
	after, _, _ := s.dlq.Depth()
	if err != nil || second.GivenUp != 2 || second.Errors != 0 || after != before+2 {
		return fmt.Errorf("the second run returned %+v, %v, and the DLQ has %d more messages",
			second, err, after-before)
	}
	return s.status(ctx, accepted.Event, pipeline.Failed)
}

func (s *stage) run(ctx context.Context, later time.Duration) (pipeline.Report, error) {
	reconciler := s.reconciler
	reconciler.Now = func() time.Time { return time.Now().Add(later) }
	return reconciler.Run(ctx)
}

// put creates an object with the permissions of the operator. It returns an error if the object
// exists.
func (s *stage) put(ctx context.Context, bucket, key, body string) error {
	_, err := s.operatorS3.PutObject(ctx, &awss3.PutObjectInput{
		Bucket: &bucket, Key: &key, Body: strings.NewReader(body), IfNoneMatch: aws.String("*"),
	})
	return err
}
