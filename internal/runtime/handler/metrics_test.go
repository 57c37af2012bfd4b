package handler

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// metricsIn returns the values of the metrics that CloudWatch extracts from a line. A key consists
// of the dimension's value, a space and the metric's name.
func metricsIn(t *testing.T, line []byte) map[string]float64 {
	t.Helper()
	var values map[string]any
	var embedded struct {
		AWS struct {
			CloudWatchMetrics []struct {
				Dimensions [][]string
				Metrics    []struct{ Name string }
			}
		} `json:"_aws"`
	}
	for _, into := range []any{&values, &embedded} {
		if err := json.Unmarshal(line, into); err != nil {
			t.Fatalf("%v:\n%s", err, line)
		}
	}
	metrics := map[string]float64{}
	for _, directive := range embedded.AWS.CloudWatchMetrics {
		whose, ok := values[directive.Dimensions[0][0]].(string)
		if !ok {
			t.Errorf("the line has no %s:\n%s", directive.Dimensions[0][0], line)
		}
		for _, m := range directive.Metrics {
			value, ok := values[m.Name].(float64)
			if !ok {
				t.Errorf("the line has no number %s:\n%s", m.Name, line)
			}
			metrics[whose+" "+m.Name] = value
		}
	}
	return metrics
}

// metrics returns the sums of the metrics in the log, and resets the log.
func (w *world) metrics(t *testing.T) map[string]float64 {
	t.Helper()
	sums := map[string]float64{}
	for line := range bytes.Lines(w.log.Bytes()) {
		for name, value := range metricsIn(t, line) {
			sums[name] += value
		}
	}
	w.log.Reset()
	return sums
}

// logger returns a logger with the given level.
func (w *world) logger(level slog.Level) *slog.Logger {
	return slog.New(slog.NewJSONHandler(&w.log, &slog.HandlerOptions{Level: level}))
}

func TestAPI_CountsAcceptedEventOnce(t *testing.T) {
	var w world
	api := w.api()
	api.Log = w.logger(slog.LevelError) // does not disable metrics
	post := func(body string) response {
		event := httpEvent(http.MethodPost, "/events", body)
		event["headers"] = map[string]string{
			"content-type":    "application/json",
			"idempotency-key": "key",
		}
		return invoke(t, api, event)
	}
	if got := post(body); got.StatusCode != http.StatusAccepted {
		t.Fatalf("got %+v", got)
	}
	if diff := cmp.Diff(map[string]float64{"events Accepted": 1}, w.metrics(t)); diff != "" {
		t.Errorf("metrics of the first request (-want +got):\n%s", diff)
	}
	if got := post(body); got.Headers["idempotency-replayed"] != "true" {
		t.Fatalf("got %+v", got)
	}
	post("no JSON")
	if got := w.metrics(t); len(got) > 0 {
		t.Errorf("metrics of a duplicate and a rejected request: got %v, want none", got)
	}
}

func TestWorker_CountsResultsOfBatch(t *testing.T) {
	var w world
	good := sqsRecord("a", w.message(t, body), 1)
	down := w.worker()
	down.Worker.Bronze = downBucket{}
	for _, c := range []struct {
		worker                     Worker
		records                    string
		processed, failed, retried float64
	}{
		{down, good, 0, 0, 1},
		{w.worker(), good + "," + sqsRecord("b", "x", 1) + "," + sqsRecord("c", "y", 1), 1, 2, 0},
	} {
		c.worker.Log = w.logger(slog.LevelError)
		w.log.Reset()
		_, err := c.worker.Invoke(t.Context(), []byte(`{"Records":[`+c.records+`]}`))
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]float64{
			"events Processed": c.processed,
			"events Failed":    c.failed,
			"events Retried":   c.retried,
		}
		if strings.Count(w.log.String(), "_aws") != 1 {
			t.Errorf("%s: want one line with metrics:\n%s", c.records, w.log.String())
		}
		if diff := cmp.Diff(want, w.metrics(t)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.records, diff)
		}
	}
}

func TestWorker_DoesNotCountSkippedDeliveries(t *testing.T) {
	var w world
	good := []byte(`{"Records":[` + sqsRecord("a", w.message(t, body), 1) + `]}`)
	worker := w.worker()
	for range 2 {
		w.log.Reset()
		if _, err := worker.Invoke(t.Context(), good); err != nil {
			t.Fatal(err)
		}
	}
	if strings.Count(w.log.String(), "\n") != 1 || len(w.metrics(t)) > 0 {
		t.Errorf("want one line without metrics, got: %s", w.log.String())
	}
}
