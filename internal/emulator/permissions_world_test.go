package emulator

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/uuid"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/iam"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/sqs"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/dynamodb"
	apifunction "github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/function/api"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/function/reconciler"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/function/worker"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/handler"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/s3"
	queues "github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/sqs"
)

// rightsWorld is a stage on the local services. What its functions do runs in this process, each
// with the rights of the function's own role; what an operator does has all rights.
type rightsWorld struct {
	t          *testing.T
	as         func(accessKey string) aws.Config
	queue, dlq *sqs.Queue
	policies   iam.Policies

	ingest     pipeline.Ingest
	statuses   handler.Items
	worker     pipeline.Worker
	reconciler pipeline.Reconciler

	operator       pipeline.Replayer
	operatorS3     *awss3.Client
	bronze, silver string // buckets
	bus            string
}

// functionNames are the functions', as the stage has them.
const (
	apiName        = "event-driven-cloud-platform-dev-api"
	workerName     = "event-driven-cloud-platform-dev-worker"
	reconcilerName = "event-driven-cloud-platform-dev-reconciler"
)

// newRightsWorld tells denied of every denial.
func newRightsWorld(t *testing.T, p *Platform, denied func(iam.Denial)) *rightsWorld {
	guard := p.services.authorizer
	guard.Report = denied
	guard.FunctionOf = func(accessKey string) (string, bool) { return accessKey, accessKey != "operator" }
	server := httptest.NewServer(guard.Wrap(p.services.route(DefaultAccount, p.Stacks, nil)))
	t.Cleanup(server.Close)
	as := func(accessKey string) aws.Config {
		return aws.Config{ // with the SDK's retries: its client may close a connection whose answer it reads (aws-sdk-go-v2, issue 2737)
			Region: DefaultRegion, BaseEndpoint: &server.URL, HTTPClient: server.Client(),
			Credentials: credentials.NewStaticCredentialsProvider(accessKey, "secret", ""),
		}
	}
	out := p.Stacks[0].Outputs
	w := &rightsWorld{t: t, as: as, bus: out["EventBusName"], bronze: out["BronzeBucketName"], silver: out["SilverBucketName"]}
	w.policies = guard.Policies
	w.queue, w.dlq = w.find(p, out["QueueUrl"]), w.find(p, out["DeadLetterQueueUrl"])

	table := out["EventsTableName"]
	environment := map[string]string{
		contract.BronzeBucket:           w.bronze,
		contract.SilverBucket:           w.silver,
		contract.EventsTable:            table,
		contract.QueueURL:               out["QueueUrl"],
		contract.DeadLetterQueueURL:     out["DeadLetterQueueUrl"],
		contract.EventBusName:           w.bus,
		contract.MaxPayloadBytes:        "1048576",
		contract.UnknownEventTypes:      "ACCEPT",
		contract.OpenAPI:                "false",
		contract.StatusForAllCallers:    "false",
		contract.MaxReceiveCount:        "5",
		contract.ReconcileGraceSeconds:  "3600",
		contract.ReconcileWindowSeconds: "86400",
		contract.MaxReenqueues:          "1",
		contract.StatusRetentionDays:    "0",
	}
	getenv := func(name string) string { return environment[name] }
	log := slog.New(slog.DiscardHandler)
	apiHandler, err := apifunction.New(as(apiName), getenv, log)
	if err != nil {
		t.Fatal(err)
	}
	w.ingest, w.statuses = apiHandler.Ingest, apiHandler.Items
	workerHandler, err := worker.New(as(workerName), getenv, log)
	if err != nil {
		t.Fatal(err)
	}
	w.worker = workerHandler.Worker
	w.worker.Jitter = func() float64 { return 1 } // a retried message never comes at once
	reconcilerHandler, err := reconciler.New(as(reconcilerName), getenv, log)
	if err != nil {
		t.Fatal(err)
	}
	w.reconciler = reconcilerHandler.Reconciler
	cfg := as("operator")
	w.operatorS3 = awss3.NewFromConfig(cfg)
	w.operator = pipeline.Replayer{
		Bronze: s3.NewBucket(cfg, w.bronze), Silver: s3.NewBucket(cfg, w.silver), Items: dynamodb.NewItems(cfg, table),
		Queue: queues.NewQueue(cfg, out["QueueUrl"]), Checkpoints: dynamodb.NewCheckpoints(cfg, table),
		Throttle: func(context.Context, int) error { return nil }, Now: time.Now,
	}
	return w
}

func newID() (string, error) {
	id, err := uuid.NewV7()
	return id.String(), err
}

func (w *rightsWorld) find(p *Platform, url string) *sqs.Queue {
	q, ok := p.services.SQS.QueueByName(path.Base(url))
	if !ok {
		w.t.Fatalf("there is no queue %s", url)
	}
	return q
}

// drive does all that the functions are for, and says what did not work.
func (w *rightsWorld) drive(ctx context.Context) error {
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"accept and process an event", w.acceptAndProcess},
		{"accept an event twice under one key", w.acceptKeyed},
		{"give back what fails for now", w.giveBack},
		{"fail what can't be processed", w.failForGood},
		{"fail what Bronze does not have", w.failMissing},
		{"replay events with and without a record", w.replay},
		{"reconcile", w.reconcile},
	} {
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return nil
}

func (w *rightsWorld) accept(ctx context.Context, key string) (pipeline.Accepted, error) {
	return w.ingest.Accept(ctx, pipeline.Request{Body: []byte(`{"eventType":"demo","message":"hello"}`), Keyed: key != "", Key: key, Caller: "caller"})
}

// status expects the event to have a status, as a client asks for it.
func (w *rightsWorld) status(ctx context.Context, event pipeline.Event, want pipeline.Status) error {
	item, err := w.statuses.Get(ctx, event.ID)
	if err == nil && item.Status != want {
		err = fmt.Errorf("event %s is %s, not %s", event.ID, item.Status, want)
	}
	return err
}

// deliver hands the message on the queue to a worker, and deletes it unless it is kept.
func (w *rightsWorld) deliver(ctx context.Context, worker pipeline.Worker) (pipeline.Result, error) {
	messages, err := w.queue.Receive(ctx, 1, 0)
	if err != nil || len(messages) != 1 {
		return pipeline.Result{}, fmt.Errorf("received %d messages, %v", len(messages), err)
	}
	m := messages[0]
	result := worker.Process(ctx, []pipeline.Delivery{{MessageID: m.ID, ReceiptHandle: m.ReceiptHandle, Attempt: m.ReceiveCount, Body: []byte(m.Body)}})[0]
	if result.Retry {
		return result, nil
	}
	return result, w.queue.Delete(m.ReceiptHandle)
}

// lose deletes the message on the queue, as a worker does that is killed at its last delivery.
func (w *rightsWorld) lose(ctx context.Context) error {
	messages, err := w.queue.Receive(ctx, 1, 0)
	if err != nil || len(messages) != 1 {
		return fmt.Errorf("received %d messages, %v", len(messages), err)
	}
	return w.queue.Delete(messages[0].ReceiptHandle)
}

func (w *rightsWorld) process(ctx context.Context) error {
	result, err := w.deliver(ctx, w.worker)
	if err == nil && (result.Status != pipeline.Processed || result.Err != nil) {
		err = fmt.Errorf("it is %s: %w", result.Status, result.Err)
	}
	return err
}

func (w *rightsWorld) acceptAndProcess(ctx context.Context) error {
	receipt, err := w.accept(ctx, "")
	if err != nil {
		return err
	}
	if err := w.status(ctx, receipt.Event, pipeline.Enqueued); err != nil {
		return err
	}
	if err := w.process(ctx); err != nil {
		return err
	}
	return w.status(ctx, receipt.Event, pipeline.Processed)
}

func (w *rightsWorld) acceptKeyed(ctx context.Context) error {
	first, err := w.accept(ctx, "key")
	if err != nil {
		return err
	}
	if err := w.process(ctx); err != nil {
		return err
	}
	again, err := w.accept(ctx, "key")
	if err == nil && (!again.Duplicate || again.Event.ID != first.Event.ID) {
		err = fmt.Errorf("the second request got %+v", again)
	}
	return err
}

// deaf is a bus that takes nothing.
type deaf struct{}

func (deaf) Publish(_ context.Context, notices []pipeline.Notification) []error {
	errs := make([]error, len(notices))
	for i := range errs {
		errs[i] = errors.New("not now")
	}
	return errs
}

// releaseSandbox leaves an event with a record and no message: stuck, for the reconciler.
func (w *rightsWorld) giveBack(ctx context.Context) error {
	if _, err := w.accept(ctx, ""); err != nil {
		return err
	}
	worker := w.worker
	worker.Bus = deaf{}
	result, err := w.deliver(ctx, worker)
	if err != nil || !result.Retry || result.RetryIn == 0 {
		return fmt.Errorf("the message comes again in %s: %w", result.RetryIn, errors.Join(result.Err, err))
	}
	return w.queue.ChangeVisibility(result.Delivery.ReceiptHandle, 0)
}

// failForGood leaves two FAILED events, one of which has a record, for the reconciler.
func (w *rightsWorld) failForGood(ctx context.Context) error {
	if err := w.lose(ctx); err != nil {
		return err
	}
	for _, recorded := range []bool{true, false} {
		receipt, err := w.accept(ctx, "")
		if err != nil {
			return err
		}
		if err := w.lose(ctx); err != nil {
			return err
		}
		damaged := receipt.Event
		damaged.SHA256 = strings.Repeat("0", 64)
		if err := w.fail(ctx, damaged, pipeline.PayloadMismatch); err != nil {
			return err
		}
		if !recorded {
			continue
		}
		if err := w.put(ctx, w.silver, damaged.SilverKey(), "{}"); err != nil {
			return err
		}
	}
	return nil
}

func (w *rightsWorld) failMissing(ctx context.Context) error {
	receipt, err := w.accept(ctx, "")
	if err != nil {
		return err
	}
	if err := w.process(ctx); err != nil {
		return err
	}
	missing := receipt.Event
	if missing.ID, err = newID(); err != nil {
		return err
	}
	missing.Bronze.Key = missing.BronzeKey()
	return w.fail(ctx, missing, pipeline.PayloadMissing)
}

// respondError expects that a message of the event fails at its first delivery.
func (w *rightsWorld) fail(ctx context.Context, event pipeline.Event, code pipeline.Code) error {
	if err := w.operator.Queue.SendMany(ctx, []pipeline.Event{event})[0]; err != nil {
		return err
	}
	before, _, _ := w.dlq.Depth()
	result, err := w.deliver(ctx, w.worker)
	if err != nil {
		return err
	}
	if after, _, _ := w.dlq.Depth(); result.Status != pipeline.Failed || pipeline.ErrorCode(result.Err) != code || after != before+1 {
		return fmt.Errorf("the event is %s with %d messages more in the DLQ: %w", result.Status, after-before, result.Err)
	}
	return w.status(ctx, event, pipeline.Failed)
}

func (w *rightsWorld) replay(ctx context.Context) error {
	for _, without := range []bool{false, true} {
		receipt, err := w.accept(ctx, "")
		if err != nil {
			return err
		}
		if err := w.process(ctx); err != nil {
			return err
		}
		if without {
			key := receipt.Event.SilverKey()
			if _, err := w.operatorS3.DeleteObject(ctx, &awss3.DeleteObjectInput{Bucket: &w.silver, Key: &key}); err != nil {
				return err
			}
		}
		id, err := newID()
		if err != nil {
			return err
		}
		hour := receipt.Event.ReceivedAt.Truncate(time.Hour)
		request := pipeline.ReplayRequest{Replay: pipeline.Replay{ID: id}, Type: "demo", From: hour, To: hour.Add(time.Hour)}
		var counts pipeline.ReplayCounts
		err = w.operator.Run(ctx, request, "", func(_ string, c pipeline.ReplayCounts) error { counts = c; return nil })
		if err != nil || counts.Sent == 0 {
			return fmt.Errorf("%d events were replayed, %v", counts.Sent, err)
		}
		for range counts.Sent {
			if err := w.process(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// reconcile heals what the steps before left: the first run enqueues the stuck events again and
// repairs the FAILED one that has its record, the second gives the stuck ones up.
func (w *rightsWorld) reconcile(ctx context.Context) error {
	receipt, err := w.accept(ctx, "")
	if err != nil {
		return err
	}
	if err := w.lose(ctx); err != nil {
		return err
	}
	orphan := receipt.Event
	if orphan.ID, err = newID(); err != nil {
		return err
	}
	if err := w.put(ctx, w.bronze, orphan.BronzeKey(), "{}"); err != nil {
		return err
	}
	first, err := w.run(ctx, 2*time.Hour)
	if err != nil || first.Reenqueued != 2 || first.Repaired != 1 || first.Orphans != 1 || first.Errors != 0 {
		return fmt.Errorf("the first run made %+v, %v", first, err)
	}
	for range first.Reenqueued {
		if err := w.lose(ctx); err != nil {
			return err
		}
	}
	before, _, _ := w.dlq.Depth()
	second, err := w.run(ctx, 4*time.Hour)
	if after, _, _ := w.dlq.Depth(); err != nil || second.GivenUp != 2 || second.Errors != 0 || after != before+2 {
		return fmt.Errorf("the second run made %+v, and the DLQ has %d messages more, %v", second, after-before, err)
	}
	return w.status(ctx, receipt.Event, pipeline.Failed)
}

func (w *rightsWorld) run(ctx context.Context, later time.Duration) (pipeline.Report, error) {
	reconciler := w.reconciler
	reconciler.Now = func() time.Time { return time.Now().Add(later) }
	return reconciler.Run(ctx)
}

// put is what an operator puts, on condition that it is not there.
func (w *rightsWorld) put(ctx context.Context, bucket, key, body string) error {
	_, err := w.operatorS3.PutObject(ctx, &awss3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(body), IfNoneMatch: aws.String("*")})
	return err
}
