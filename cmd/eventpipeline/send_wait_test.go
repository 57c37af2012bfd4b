package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/client"
)

// slowPipeline is an API that processes its events one after the other. An event's id is the time
// until the event is PROCESSED. For example, "4m" means 4 minutes after the start of the test.
type slowPipeline struct{ start time.Time }

func (p slowPipeline) RoundTrip(r *http.Request) (*http.Response, error) {
	delay, err := time.ParseDuration(path.Base(r.URL.Path))
	if err != nil {
		return nil, err
	}
	status := client.Enqueued
	if time.Since(p.start) >= delay {
		status = client.Processed
	}
	body := fmt.Sprintf(`{"status":%q,"receivedAt":%q,"processedAt":%q}`, status,
		p.start.Format(time.RFC3339), p.start.Add(delay).Format(time.RFC3339))
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(body)), Request: r,
	}, nil
}

// After each finished event, the time maxWait begins again.
func TestSend_WaitsAsLongAsEventsAreFinished(t *testing.T) {
	for _, c := range []struct {
		ids       []string
		processed int
		stalled   bool
	}{
		{ids: []string{"4m", "8m", "12m"}, processed: 3},
		{ids: []string{"4m", "10m"}, processed: 1, stalled: true},
	} {
		synctest.Test(t, func(t *testing.T) {
			api, err := client.New("http://api.example", client.Options{
				HTTPClient: &http.Client{Transport: slowPipeline{time.Now()}},
			})
			if err != nil {
				t.Fatal(err)
			}
			cmd := &cobra.Command{}
			cmd.SetContext(t.Context())
			cmd.SetOut(io.Discard)
			cmd.SetErr(io.Discard)
			results := sendResults{accepted: c.ids}
			p, err := results.waitUntilProcessed(cmd, api, &sendFlags{concurrency: 8}, nil)
			if p.Processed != c.processed || errors.Is(err, errStalled) != c.stalled {
				t.Errorf("%s: %d processed, %v", c.ids, p.Processed, err)
			}
		})
	}
}
