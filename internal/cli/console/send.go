package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/stored"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// exampleEvent is the event of the curl command that empty pages show.
const exampleEvent = `{"eventType":"demo","message":"hello"}`

// curl returns a command that posts the event, or "" if the command is too long for a terminal.
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
	// Accepted contains the ids in the API's response: one id for each event type.
	Accepted []string
}

// maxEdit is the maximum size in bytes of a payload that the user can edit on the page.
const maxEdit = 1 << 20

// sendForm shows a payload that the user can edit and send.
func (v *view) sendForm(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	data := sendData{Body: exampleEvent, From: query.Get("from")}
	for _, id := range query["accepted"] {
		if pipeline.ValidID(id) {
			data.Accepted = append(data.Accepted, id)
		}
	}
	if data.From != "" {
		payload, err := v.payloadOf(r.Context(), data.From)
		switch {
		case err != nil:
			data.Error = escape(err.Error())
		case len(payload) > maxEdit:
			data.Error = "The payload is too large to edit here. Use curl."
		default:
			data.Body = string(payload)
		}
	}
	v.show(w, r, page{Title: "Send an event", Nav: "events", Data: data})
}

func (v *view) payloadOf(ctx context.Context, id string) ([]byte, error) {
	item, err := v.lookUp(ctx, id)
	if err != nil {
		return nil, err
	}
	if item.Webhook != nil {
		return nil, fmt.Errorf("event %s came from a webhook, and the console can't sign its "+
			"payload: use eventpipeline send --as %s:TYPE FILE", id, item.Webhook.Source)
	}
	return stored.Payload(ctx, v.Pipeline, item.Event)
}

// send posts the body of the request to the pipeline's API.
func (v *view) send(r *http.Request) (response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return response{}, err
	}
	return v.sendBody(r.Context(), body)
}

func (v *view) sendBody(ctx context.Context, body []byte) (response, error) {
	ids, err := v.server.o.Send(ctx, v.Pipeline, body)
	if err != nil {
		return response{}, err
	}
	if len(ids) == 1 {
		return response{Location: v.path("events", ids[0])}, nil
	}
	return response{Location: v.path("send") + "?" + url.Values{"accepted": ids}.Encode()}, nil
}

// changeEvent sends an event again, or redrives, discards or replays it.
func (v *view) changeEvent(r *http.Request) (response, error) {
	id, ctx := r.PathValue("id"), r.Context()
	if err := checkID(id); err != nil {
		return response{}, err
	}
	switch action := r.PathValue("action"); action {
	case "send":
		payload, err := v.payloadOf(ctx, id)
		if err != nil {
			return response{}, err
		}
		return v.sendBody(ctx, payload)
	case "redrive", "discard":
		return v.changeOne(ctx, action, id)
	case "replay", "replay-quiet":
		return v.replayOne(ctx, id, action == "replay-quiet")
	}
	return response{}, errors.New("unknown action")
}
