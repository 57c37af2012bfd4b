package pipeline_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/testing/inmem"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/testing/porttest"
)

// world holds the services that the domain uses, in memory. Tests replace the parts that must fail.
type world struct {
	bronze, silver inmem.Bucket
	items          inmem.Items
	queue          inmem.Queue
	deadLetters    inmem.DeadLetterQueue
	bus            inmem.Bus
	checkpoints    inmem.Checkpoints
}

func (w *world) ingest() pipeline.Ingest {
	return pipeline.Ingest{
		Bronze: &w.bronze, Items: &w.items, Queue: &w.queue,
		BronzeBucket: "bronze", MaxPayloadBytes: 1024, StatusRetention: 24 * time.Hour,
		Now:   func() time.Time { return now },
		NewID: func() (string, error) { return id, nil },
	}
}

func request(body string) pipeline.Request {
	return pipeline.Request{Body: []byte(body), Caller: "anna"}
}

func sha256Hex(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

func (w *world) worker() pipeline.Worker {
	return pipeline.Worker{
		Items: &w.items, Bronze: &w.bronze, Silver: &w.silver, Bus: &w.bus, Queue: &w.queue,
		DeadLetters:  &w.deadLetters,
		BronzeBucket: "bronze", SilverBucket: "silver", MaxReceiveCount: 3,
		StatusRetention: 24 * time.Hour,
		Now:             func() time.Time { return now.Add(time.Second) },
		Jitter:          func() float64 { return 0 },
	}
}

// accept ingests the bodies and returns the deliveries of their events.
func (w *world) accept(t *testing.T, bodies ...string) []pipeline.Delivery {
	t.Helper()
	in := w.ingest()
	var deliveries []pipeline.Delivery
	for i, body := range bodies {
		in.NewID = func() (string, error) {
			return fmt.Sprintf("0199aaaa-0000-7000-8000-%012d", i+1), nil
		}
		accepted, err := in.Accept(t.Context(), request(body))
		if body == poison {
			accepted.Event, err = porttest.AcceptOlder(t.Context(), in, []byte(body))
		}
		if err != nil {
			t.Fatal(err)
		}
		deliveries = append(deliveries, deliver(t, accepted.Event, fmt.Sprintf("message-%d", i+1)))
	}
	return deliveries
}

func deliver(t *testing.T, event pipeline.Event, messageID string) pipeline.Delivery {
	t.Helper()
	message, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	return pipeline.Delivery{MessageID: messageID, ReceiptHandle: "receipt of " + messageID,
		Attempt: 1, Body: message}
}

func (w *world) wantStatus(t *testing.T, id string, want pipeline.Status) pipeline.Item {
	t.Helper()
	item, err := w.items.Get(t.Context(), id)
	if err != nil || item.Status != want {
		t.Errorf("event %s is %s, %v; want %s", id, item.Status, err, want)
	}
	return item
}

// poison holds a payload that older versions accepted, but that the worker can't process.
const poison = `{"eventType":"demo","n":1e999}`

// failing makes the named calls fail. The world handles all other calls.
type failing struct {
	*world
	calls map[string]bool
}

func (f failing) err(call string) error {
	if f.calls[call] {
		return errService
	}
	return nil
}

type failingFinisher struct {
	pipeline.Items
	failing
}

type failingStore struct{ failing }

// failingBus publishes all notifications of a call, but can return an error for the first one.
type failingBus struct{ failing }
