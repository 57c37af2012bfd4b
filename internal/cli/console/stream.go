package console

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// Limits of the stream of server-sent events.
const (
	streamInterval = 40 * time.Millisecond // between two looks at the journal
	streamRows     = 50                    // rows in a message; others are only counted
	tickInterval   = time.Second           // between two reload messages; see changeSince
	streamTimeout  = 30 * time.Second      // limit for a write to a slow reader
	keepAlive      = 15 * time.Second
)

// rowsMessage holds the rows that changed since the last message, the newest change first.
type rowsMessage struct {
	Rows    []row `json:"rows"`
	Skipped int   `json:"skipped,omitempty"` // changed events that are not in the message
}

// serveStream sends messages about changes, until the reader or the console ends the stream.
// Several changes can share one message. A slow reader never blocks the platform.
func (v *view) serveStream(w http.ResponseWriter, r *http.Request) {
	out := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	send := func(event string, value any) error {
		data, err := json.Marshal(value)
		if err != nil {
			return err
		}
		_ = out.SetWriteDeadline(time.Now().Add(streamTimeout)) // the write works without it
		if _, err := fmt.Fprintf(w, "event: %s\ndata: %s\n\n", event, data); err != nil {
			return err
		}
		return out.Flush()
	}
	if send("open", struct{}{}) != nil {
		return
	}
	next := v.rowsSince(r)
	if !r.URL.Query().Has("rows") {
		next = v.changeSince(r)
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	changed := v.watchBadges(ctx)
	ticker := time.NewTicker(streamInterval)
	defer ticker.Stop()
	lastSent := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case b := <-changed:
			if send("badges", b) != nil {
				return
			}
		case <-v.server.ctx.Done():
			return
		case now := <-ticker.C:
			event, value := next(now)
			if event == "" && now.Sub(lastSent) < keepAlive {
				continue
			}
			if event == "" {
				event = "alive"
			}
			if send(event, value) != nil {
				return
			}
			lastSent = now
		}
	}
}

// rowsSince returns a function. Each call of the function returns a message with the rows that
// changed since the last call. The message's name is "" if no row changed or the search is invalid.
func (v *view) rowsSince(r *http.Request) func(time.Time) (string, any) {
	q, err := readQuery(v.Slug, r.URL.Query()) // the page has reported the error
	seq := v.lastSeen(r, "")
	return func(time.Time) (string, any) {
		if err != nil || v.server.journal.lastChange("") == seq {
			return "", nil
		}
		var m rowsMessage
		m.Rows, m.Skipped, seq = v.server.journal.changedRows(q, seq, streamRows)
		if len(m.Rows) == 0 {
			return "", nil
		}
		return "rows", m
	}
}

// lastSeen returns the number of the last change that the reader's page shows. The stream begins
// after this change.
func (v *view) lastSeen(r *http.Request, id string) uint64 {
	seq, err := strconv.ParseUint(r.URL.Query().Get("since"), 10, 64)
	if err != nil {
		return v.server.journal.lastChange(id)
	}
	return seq
}

// changeSince returns a function that returns a message after each of these changes:
//   - the event with the id in the request changed, or any event if the request has no id
//   - a job changed
//   - AWS answered a slow call
//   - refreshInterval has passed, if the request has no id
func (v *view) changeSince(r *http.Request) func(time.Time) (string, any) {
	id := r.URL.Query().Get("id")
	state := func() [3]uint64 {
		changes := v.server.journal.lastChange(id)
		return [3]uint64{changes, v.jobs.version.Load(), v.cache.late.Load()}
	}
	seen, sent := state(), time.Time{}
	seen[0] = v.lastSeen(r, id)
	return func(now time.Time) (string, any) {
		current, wait := state(), tickInterval
		if id != "" {
			wait = 4 * streamInterval
		}
		isDue := current != seen || id == "" && now.Sub(sent) >= v.refreshInterval()
		if !isDue || now.Sub(sent) < wait {
			return "", nil
		}
		seen, sent = current, now
		return "change", struct{}{}
	}
}

// refreshInterval returns how often pages reload if nothing changes.
func (v *view) refreshInterval() time.Duration {
	if v.server.o.Local {
		return 5 * time.Second
	}
	return 15 * time.Second
}
