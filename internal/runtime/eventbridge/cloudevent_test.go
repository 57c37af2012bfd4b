package eventbridge

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

const eventID = "0199aaaa-0000-7000-8000-000000000001"

func processedNotification(generation pipeline.Replay) pipeline.Notification {
	return pipeline.NewNotification(pipeline.Item{
		Event:       pipeline.Event{ID: eventID, Type: "demo", Replay: generation},
		Status:      pipeline.Processed,
		ProcessedAt: time.Date(2026, 11, 23, 7, 30, 1, 0, time.UTC),
	})
}

// publishedIn publishes a notification in the given format, and returns the detail that EventBridge
// receives.
func publishedIn(t *testing.T, format string, n pipeline.Notification) string {
	t.Helper()
	var request struct {
		Entries []struct{ Source, DetailType, Detail string }
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
			t.Error(err)
		}
		io.WriteString(w, `{"FailedEntryCount":0,"Entries":[{"EventId":"1"}]}`)
	}))
	t.Cleanup(server.Close)
	env := contract.NewReader(func(name string) string {
		return map[string]string{
			contract.EventBusName: "bus", contract.NotificationFormat: format,
			contract.QueueURL: "https://sqs.us-east-1.amazonaws.com/123456789012/orders-events",
		}[name]
	})
	bus := FromEnvironment(aws.Config{
		Region: "us-east-1", BaseEndpoint: &server.URL, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	}, env)
	errs := bus.Publish(t.Context(), []pipeline.Notification{n})
	if errs[0] != nil || env.Err() != nil || len(request.Entries) != 1 {
		t.Fatalf("got %v, %v, %+v", errs, env.Err(), request)
	}
	entry := request.Entries[0]
	if entry.Source != "eventpipeline" || entry.DetailType != n.Type {
		t.Errorf("got %+v", entry)
	}
	return entry.Detail
}

func TestPublish_SendsCloudEventsIfSelected(t *testing.T) {
	n := processedNotification(pipeline.Replay{})
	plain := publishedIn(t, "JSON", n)
	want := `{"specversion":"1.0","id":"` + eventID + `:processed",` +
		`"source":"urn:eventpipeline:orders-events","type":"io.eventpipeline.event.processed",` +
		`"subject":"` + eventID + `","time":"2026-11-23T07:30:01Z",` +
		`"datacontenttype":"application/json","data":` + plain + `}`
	if got := publishedIn(t, contract.CloudEventNotifications, n); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestCloudEvent_DescribesFailures(t *testing.T) {
	at := time.Date(2026, 11, 23, 7, 30, 1, 0, time.UTC)
	got := newCloudEvent("urn:x", pipeline.NewNotification(pipeline.Item{
		Event: pipeline.Event{ID: eventID}, Status: pipeline.Failed, FailedAt: at,
	}))
	if got.Type != "io.eventpipeline.event.failed" || got.ID != eventID+":failed" ||
		!got.Time.Equal(at) {
		t.Errorf("got %+v", got)
	}
}

func TestCloudEventType_NamesTheDetailType(t *testing.T) {
	if got := cloudEventType("BatchProcessed"); got != "io.eventpipeline.batch.processed" {
		t.Errorf("got %s", got)
	}
}

// Consumers recognize duplicates by source and id. A notification after a replay or redrive is not
// a duplicate, so it must have a new id.
func TestCloudEventID_DiffersByGeneration(t *testing.T) {
	ids := map[string]bool{}
	for _, generation := range []pipeline.Replay{
		{}, {Redrives: 1}, {ID: "r1"}, {ID: "r1", Redrives: 1}, {ID: "r2"},
	} {
		id := cloudEventID(processedNotification(generation))
		if ids[id] || cloudEventID(processedNotification(generation)) != id {
			t.Errorf("%+v: id %s", generation, id)
		}
		ids[id] = true
	}
}

// The API of a pipeline must accept the CloudEvents that a pipeline publishes.
func TestCloudEvent_IsValid(t *testing.T) {
	event := newCloudEvent("urn:eventpipeline:orders", processedNotification(pipeline.Replay{}))
	text, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pipeline.DecodeCloudEvent(text); err != nil {
		t.Errorf("%s: %v", text, err)
	}
}
