package handler

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/inmem"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/pipeline"
)

func (w *world) worker() Worker {
	return Worker{
		Worker: pipeline.Worker{
			Items: &w.events, Bronze: &w.bronze, Silver: new(inmem.Bucket), Bus: new(inmem.Bus), Queue: &w.queue,
			BronzeBucket: "bronze", SilverBucket: "silver", MaxReceiveCount: 3,
			Now: time.Now, Jitter: func() float64 { return 0 },
		},
		Log: slog.New(slog.NewJSONHandler(&w.log, nil)),
	}
}

func record(messageID, body string, attempt int) string {
	text, _ := json.Marshal(body)
	return fmt.Sprintf(`{"messageId":%q,"receiptHandle":"r","body":%s,"attributes":{"ApproximateReceiveCount":"%d"}}`, messageID, text, attempt)
}

func TestWorker_ListsOnlyWhatStaysOnTheQueue(t *testing.T) {
	var w world
	event, err := w.api().Ingest.Accept(t.Context(), []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	message, _ := json.Marshal(event)
	for _, c := range []struct{ records, want string }{
		{record("good", string(message), 1), `{"batchItemFailures":[]}`},
		{record("bad", "not JSON", 1) + "," + record("good", string(message), 2), `{"batchItemFailures":[{"itemIdentifier":"bad"}]}`},
		{"", `{"batchItemFailures":[]}`},
	} {
		got, err := w.worker().Invoke(t.Context(), []byte(`{"Records":[`+c.records+`]}`))
		if err != nil || string(got) != c.want {
			t.Errorf("%s: got %s, %v; want %s", c.records, got, err, c.want)
		}
	}
}

func TestWorker_KeepsABatchThatItCannotRead(t *testing.T) {
	var w world
	for _, event := range []string{`[`, `{"Records":[{"messageId":"m"}]}`} {
		if _, err := w.worker().Invoke(t.Context(), []byte(event)); err == nil {
			t.Errorf("%s: no error", event)
		}
	}
}

func TestWorker_LeavesOneLineForEachDelivery(t *testing.T) {
	var w world
	event, err := w.api().Ingest.Accept(t.Context(), []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	message, _ := json.Marshal(event)
	batch := `{"Records":[` + record("a", string(message), 1) + "," + record("b", "x", 1) + "," + record("c", "x", 3) + `]}`
	for range 2 {
		if _, err := w.worker().Invoke(t.Context(), []byte(batch)); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for line := range bytes.Lines(w.log.Bytes()) {
		var entry struct{ Msg, MessageID, EventID, Code string }
		if err := json.Unmarshal(line, &entry); err != nil {
			t.Fatal(err)
		}
		got = append(got, strings.TrimSpace(entry.MessageID+" "+entry.Msg+" "+entry.Code))
	}
	want := "a event processed, b event retried invalid-message, c event failed invalid-message, " +
		"a event already processed, b event retried invalid-message, c event failed invalid-message"
	if strings.Join(got, ", ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, ", "), want)
	}
}
