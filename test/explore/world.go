package explore

import (
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// world holds the state of the simulated services, and the responses that clients have received.
type world struct {
	now            time.Time
	bronze, silver bucket
	table          table
	queue          queue
	notifications  []notification
	accepted       []accepted
	rejected       []string                     // payload hashes
	seen           uint64                       // hash of notifications, accepted and rejected
	unanswered     bool                         // an attempt of a client got no response
	generations    map[string][]pipeline.Replay // generations of each event, in order
	failures       map[string]int               // failed calls of the processor, by event id
	violations     []Violation
}

// epoch is the initial time of a synctest bubble's clock.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// notification holds a published notification and the generation of its event.
type notification struct {
	pipeline.Notification
	replay pipeline.Replay
}

// accepted records a 202 that a client has received.
type accepted struct {
	client, id string
	sha256     string
	key        string
	duplicate  bool // the response said that the event was accepted before
}

func (w *world) violate(invariant, format string, args ...any) {
	v := Violation{Invariant: invariant, What: fmt.Sprintf(format, args...)}
	w.violations = append(w.violations, v)
}

func (r *run) publish(n pipeline.Notification, replay pipeline.Replay) {
	r.notifications = append(r.notifications, notification{n, replay})
	r.seen += hash(n.Type, n.Detail.EventID, n.Detail.Filtered, replay)
	if n.Type == contract.EventProcessed {
		r.checkSource(n.Detail.Bronze.Key, "a notification was published")
	}
}

func (w *world) send(event pipeline.Event) {
	w.queue.send(message{event: event, body: messageOf(event), visibleAt: w.now})
}

func messageOf(event pipeline.Event) string {
	body, err := json.Marshal(event)
	if err != nil {
		panic(err)
	}
	return string(body)
}

func (w *world) stateHash(unread bool) uint64 {
	h := mix(w.bronze.stateHash(false), w.silver.stateHash(unread))
	h = mix(mix(h, w.table.stateHash(unread, w.now)), w.queue.stateHash(w.now)) + w.seen
	for id, n := range w.failures {
		h += hash("failures", id, n)
	}
	if w.unanswered {
		h = mix(h, 1)
	}
	return h
}

// copyWith returns a copy of a map with one more element. A saved state keeps the original map.
func copyWith[K comparable, V any](m map[K]V, key K, value V) map[K]V {
	changed := maps.Clone(m)
	if changed == nil {
		changed = make(map[K]V)
	}
	changed[key] = value
	return changed
}
