package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/dlq"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/replay"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/stored"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/google/uuid"
)

// exampleEvent is the event of the curl command that empty pages show.
const exampleEvent = `{"eventType":"demo","message":"hello"}`

// curl returns a command that posts the event, or "" if the command would be too long for a
// terminal.
func (v *view) curl(ctx context.Context, event []byte) string {
	if v.server.o.Curl == nil || len(event) > 16<<10 {
		return ""
	}
	start := cachedSoon(&v.cache, "curl", time.Minute, "", func() string {
		return v.server.o.Curl(context.WithoutCancel(ctx), v.Pipeline)
	})
	if start == "" {
		return ""
	}
	return start + " -d " + shellQuote(string(event))
}

func (v *view) exampleCurl(ctx context.Context) string { return v.curl(ctx, []byte(exampleEvent)) }

// shellQuote quotes text for a POSIX shell.
func shellQuote(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// sendData holds the content of the page that sends events.
type sendData struct {
	Body  string
	From  string // id of the event whose payload the page shows
	Error string
}

// maxEdit is the maximum size in bytes of a payload that the user can edit on the page.
const maxEdit = 1 << 20

// sendForm shows a payload that the user can edit and send.
func (v *view) sendForm(w http.ResponseWriter, r *http.Request) {
	data := sendData{Body: exampleEvent, From: r.URL.Query().Get("from")}
	if data.From != "" {
		payload, err := v.payloadOf(r.Context(), data.From)
		switch {
		case err != nil:
			data.Error = visible(err.Error())
		case len(payload) > maxEdit:
			data.Error = "The payload is too large to edit here. Use curl."
		default:
			data.Body = string(payload)
		}
	}
	v.show(w, r, page{Title: "Send an event", Nav: "events", Data: data})
}

func (v *view) payloadOf(ctx context.Context, id string) ([]byte, error) {
	item, err := pipeline.LookUp(ctx, v.Items(), id)
	if err != nil {
		return nil, fmt.Errorf("look up event %s: %w", id, err)
	}
	if item.Webhook != nil {
		return nil, fmt.Errorf("event %s came from a webhook, and the console can't sign its payload: "+
			"use eventpipeline send --as %s:TYPE FILE", id, item.Webhook.Source)
	}
	return stored.Payload(ctx, v.Pipeline, item.Event)
}

// send posts the body of the request to the pipeline's API.
func (v *view) send(r *http.Request) (answer, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return answer{}, err
	}
	return v.sendBody(r.Context(), body)
}

func (v *view) sendBody(ctx context.Context, body []byte) (answer, error) {
	id, err := v.server.o.Send(ctx, v.Pipeline, body)
	if err != nil {
		return answer{}, err
	}
	return answer{Location: v.path("events", id), Message: "Accepted as " + id}, nil
}

// changeEvent sends an event again, or redrives, discards or replays it.
func (v *view) changeEvent(r *http.Request) (answer, error) {
	id, ctx := r.PathValue("id"), r.Context()
	if err := checkID(id); err != nil {
		return answer{}, err
	}
	switch action := r.PathValue("action"); action {
	case "send":
		payload, err := v.payloadOf(ctx, id)
		if err != nil {
			return answer{}, err
		}
		return v.sendBody(ctx, payload)
	case "redrive", "discard":
		err := v.startChange(action, dlq.Filter{IDs: []string{id}})
		if err != nil {
			return answer{}, err
		}
		if !v.waitForJob(ctx) {
			return answer{Location: v.path("deadletters")}, nil // this page shows the progress
		}
		message := map[string]string{
			"redrive": "The event's message is back in the queue",
			"discard": "The event's message is discarded",
		}[action]
		return answer{Message: message}, v.lastProblem()
	case "replay", "replay-quiet":
		item, err := pipeline.LookUp(ctx, v.Items(), id)
		if err != nil {
			return answer{}, err
		}
		s := &replay.State{EventID: id, Failed: item.Status == pipeline.Failed}
		s.Replay = pipeline.Replay{
			ID: uuid.Must(uuid.NewV7()).String(), Quiet: action == "replay-quiet" && !s.Failed,
		}
		return answer{Message: "The event is replayed"}, v.runReplay(ctx, s, 1)
	}
	return answer{}, errors.New("unknown action")
}

// waitForJob waits until the last job on dead letters ends, but not for long. It reports whether
// the job has ended.
func (v *view) waitForJob(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for v.jobs.busy("deadletters") {
		select {
		case <-ctx.Done():
			return false
		case <-ticker.C:
		}
	}
	return true
}

// lastProblem returns the error of the last job on dead letters or, if there is none, the job's
// first problem.
func (v *view) lastProblem() error {
	last := v.jobs.pageJobs("deadletters")[0]
	switch {
	case last.Error != "":
		return errors.New(last.Error)
	case len(last.Problems) > 0:
		return errors.New(last.Problems[0])
	}
	return nil
}
