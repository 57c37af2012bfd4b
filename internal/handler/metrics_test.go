package handler

import (
	"bytes"
	"encoding/json"
	"testing"
)

// counted are the values of a metric in a function's log lines, as CloudWatch reads them.
func counted(t *testing.T, log []byte, function, name string) (values []float64) {
	t.Helper()
	for line := range bytes.Lines(log) {
		var entry struct {
			FunctionName string
			AWS          struct {
				CloudWatchMetrics []struct {
					Namespace  string
					Dimensions [][]string
					Metrics    []struct{ Name string }
				}
			} `json:"_aws"`
		}
		var attributes map[string]any
		if err := json.Unmarshal(line, &entry); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(line, &attributes); err != nil {
			t.Fatal(err)
		}
		for _, directive := range entry.AWS.CloudWatchMetrics {
			if entry.FunctionName != function || directive.Namespace != "EventPipeline" || directive.Dimensions[0][0] != "FunctionName" {
				t.Errorf("the metrics are those of nobody: %s", line)
			}
			for _, metric := range directive.Metrics {
				if metric.Name == name {
					values = append(values, attributes[name].(float64))
				}
			}
		}
	}
	return values
}

func TestAPI_CountsAcceptedEvents(t *testing.T) {
	var w world
	keyed := map[string]any{"body": body, "headers": map[string]string{"Idempotency-Key": "k"}}
	invoke(t, w.api(), keyed)
	invoke(t, w.api(), keyed)
	invoke(t, w.api(), map[string]any{"body": "no event"})
	if got := counted(t, w.log.Bytes(), "api", "Accepted"); len(got) != 1 || got[0] != 1 {
		t.Errorf("Accepted is %v, want one, for an event, its repeat and a refusal\n%s", got, &w.log)
	}
}

func TestWorker_CountsFailedEventsOncePerBatch(t *testing.T) {
	var w world
	good := record("good", w.message(t, body), 1)
	w.log.Reset()
	down := w.worker()
	down.Worker.Bronze = downBucket{}
	for _, c := range []struct {
		worker  Worker
		records string
	}{
		{down, good}, // comes again: not failed
		{w.worker(), good + "," + record("bad", "not JSON", 1) + "," + record("worse", "", 1)},
		{w.worker(), good},
	} {
		if _, err := c.worker.Invoke(t.Context(), []byte(`{"Records":[`+c.records+`]}`)); err != nil {
			t.Fatal(err)
		}
	}
	got := counted(t, w.log.Bytes(), "worker", "Failed")
	if len(got) != 3 || got[0] != 0 || got[1] != 2 || got[2] != 0 {
		t.Errorf("Failed is %v, want 0, 2 and 0\n%s", got, &w.log)
	}
}
