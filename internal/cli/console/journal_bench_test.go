package console

import (
	"fmt"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/activity"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/testing/memory"
)

// BenchmarkJournal adds the steps of single events, and reports the memory of the kept events.
func BenchmarkJournal(b *testing.B) {
	j := newJournal(time.Now)
	before := memory.LiveHeap()
	b.ReportAllocs()
	for n := range b.N {
		for _, step := range stepsOfEvent(eventID(n % 1_000_000_000)) {
			j.add(step, "p")
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(len(j.events)), "events")
	b.ReportMetric(float64(memory.LiveHeap()-before)/1e6, "MB-live")
	runtime.KeepAlive(j)
}

// stepsOfEvent returns the steps that the local platform records for a single event.
func stepsOfEvent(id string) []activity.Step {
	now := time.Now()
	line := func(text string) activity.Step {
		return activity.ParseLogLine(now, "orders-worker", fmt.Sprintf(
			`{"time":"2026-11-27T08:00:00.123456789Z","level":"INFO",%s,"eventId":"%s",`+
				`"eventType":"demo","requestId":"78646e5-0c44-4e04-8d64-6042c5de8eb6",`+
				`"traceId":"Root=1-d92cab5f-270e4b0ca75932240f1c10f6","QueueName":"events",`+
				`"_aws":{"Timestamp":1795788350288,"CloudWatchMetrics":[{`+
				`"Dimensions":[["QueueName"]],"Namespace":"EventPipeline",`+
				`"Metrics":[{"Name":"Accepted","Unit":"Count"}]}]}}`,
			text, id))
	}
	call := func(service, operation, resource string) activity.Step {
		return activity.Step{
			Time: now, Name: activity.Call, Source: "orders-worker", Level: -4,
			Details: []activity.Detail{
				activity.StringDetail("service", service),
				activity.StringDetail("operation", operation),
				activity.StringDetail("resource", resource),
				{Name: "status", Value: []byte("200")}, {Name: "ms", Value: []byte("1.25")},
				{Name: "events", Value: []byte(`["` + id + `"]`)},
			},
		}
	}
	key := "bronze/demo/2026/11/27/08/" + id + ".json"
	return []activity.Step{
		{
			Time: now, Name: activity.Request, EventID: id, Source: "orders-api",
			Details: []activity.Detail{
				activity.StringDetail("method", "POST"), activity.StringDetail("path", "/events"),
				{Name: "status", Value: []byte("202")}, {Name: "ms", Value: []byte("22.5")},
				{Name: "headers", Value: []byte(`{"accept":"*/*","content-length":"43",` +
					`"content-type":"application/json","host":"127.0.0.1:8080",` +
					`"user-agent":"curl/8"}`)},
				activity.StringDetail("response", `{"status":"accepted","eventId":"`+id+`"}`),
			},
		},
		call("s3", "PutObject", key), call("dynamodb", "PutItem", ""),
		call("sqs", "SendMessage", ""),
		line(`"msg":"event accepted","bytes":` + strconv.Itoa(43) + `,"durationMs":18`),
		call("dynamodb", "BatchGetItem", ""), call("s3", "GetObject", key),
		call("s3", "PutObject", "silver/demo/dt=2026-11-27/"+id+".json"),
		call("eventbridge", "PutEvents", ""),
		{Time: now, Name: "published", EventID: id, Source: "events", Details: []activity.Detail{
			activity.StringDetail("detailType", "EventProcessed"),
		}},
		call("dynamodb", "UpdateItem", ""),
		line(`"msg":"event processed","attempt":1,"records":1,"batchMs":33`),
	}
}
