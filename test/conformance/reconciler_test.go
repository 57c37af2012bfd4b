package conformance

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/uuid"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/dynamodb"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/s3"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/testing/inmem"
)

// eventsPerPass is large enough that the reconciler lists the events of an hour in parallel.
const eventsPerPass = 20_000

// BenchmarkReconciler_ProcessedEvents measures passes. Each pass checks the processed events of one
// hour. The reconciler shares the machine's CPUs with the local S3 and DynamoDB.
func BenchmarkReconciler_ProcessedEvents(b *testing.B) {
	target := localTarget(b)
	calls := &countingClient{client: target.HTTPClient}
	target.HTTPClient = calls
	bucket := s3.NewBucket(target.Config, createBucket(b, awss3.NewFromConfig(target.Config)))
	items := dynamodb.NewItems(target.Config, *newTable(b, target, "").name)
	hour := time.Now().UTC().Truncate(time.Hour).Add(-time.Hour)
	acceptProcessed(b, bucket, items, hour)
	reconciler := pipeline.Reconciler{
		Bronze: bucket, Items: items.EventuallyConsistent(),
		Silver: &inmem.Bucket{}, Queue: emptyQueue{}, DeadLetters: &inmem.DeadLetterQueue{},
		Bus: &inmem.Bus{}, Checkpoints: &inmem.Checkpoints{},
		Grace: time.Minute, MaxReenqueues: 3, Now: time.Now,
	}
	calls.lists.Store(0)
	calls.reads.Store(0)
	b.ResetTimer()
	for range b.N {
		pass, report, err := reconciler.RunPass(b.Context(),
			pipeline.Pass{From: hour, To: hour}, false)
		if err != nil || !pass.Done || report.Processed != eventsPerPass {
			b.Fatalf("%+v, %v", report, err)
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N*eventsPerPass)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(calls.lists.Load())/float64(b.N), "pages/op")
	b.ReportMetric(float64(calls.reads.Load())/float64(b.N), "reads/op")
}

type emptyQueue struct{ pipeline.ReconcilerQueue }

func (emptyQueue) CountMessages(context.Context) (int, error) { return 0, nil }

// acceptProcessed stores the payloads and the items of processed events of one hour. The events'
// times are even in milliseconds, so acceptOneProcessed adds an idempotency key to each event.
func acceptProcessed(b *testing.B, bucket s3.Bucket, items dynamodb.Items, hour time.Time) {
	b.Helper()
	next := make(chan time.Time)
	go func() {
		defer close(next)
		for i := range eventsPerPass {
			next <- hour.Add(time.Hour / eventsPerPass * time.Duration(i))
		}
	}()
	failed := make(chan error)
	const writers = 16
	for range writers {
		go func() {
			var err error
			for at := range next {
				if err == nil {
					err = acceptOneProcessed(b, bucket, items, at)
				}
			}
			failed <- err
		}()
	}
	for range writers {
		if err := <-failed; err != nil {
			b.Fatal(err)
		}
	}
}

func acceptOneProcessed(
	b *testing.B, bucket s3.Bucket, items dynamodb.Items, at time.Time,
) error {
	in := pipeline.Ingest{
		Bronze: bucket, Items: &inmem.Items{}, Queue: &inmem.Queue{}, BronzeBucket: "bronze",
		MaxPayloadBytes: 1024, Now: func() time.Time { return at },
		NewID: func() (string, error) { return uuidOf(at), nil },
	}
	accepted, err := in.Accept(b.Context(), pipeline.Request{
		Body:  []byte(`{"eventType":"demo","message":"hello"}`),
		Keyed: at.UnixMilli()%2 == 0, Key: rand.Text(),
	})
	if err != nil {
		return fmt.Errorf("accept an event: %w", err)
	}
	return items.Finish(b.Context(), pipeline.Item{
		Event: accepted.Event, Status: pipeline.Processed, ProcessedAt: at.Add(time.Second),
		Silver: pipeline.Location{Bucket: "silver", Key: "silver/demo/" + accepted.Event.ID},
	})
}

// uuidOf returns a new UUIDv7 of the given time.
func uuidOf(at time.Time) string {
	id := uuid.Must(uuid.NewV7())
	ms := at.UnixMilli()
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i))
	}
	return id.String()
}

// countingClient counts the pages of listings and the reads of items.
type countingClient struct {
	client       aws.HTTPClient
	lists, reads atomic.Int64
}

func (c *countingClient) Do(r *http.Request) (*http.Response, error) {
	switch {
	case r.URL.Query().Get("list-type") == "2":
		c.lists.Add(1)
	case r.Header.Get("X-Amz-Target") == "DynamoDB_20120810.BatchGetItem":
		c.reads.Add(1)
	}
	return c.client.Do(r)
}
