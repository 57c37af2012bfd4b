package explore

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// world holds the state of the simulated services, and the responses that the clients have
// received.
type world struct {
	bronze, silver bucket
	table          table
	queue          queue
	notifications  []notification
	accepted       []accepted
	rejected       []string                     // payload hashes
	unanswered     bool                         // an attempt of a client got no response
	generations    map[string][]pipeline.Replay // generations of each event, in order
	failures       map[string]int               // failed calls of the processor, by event id
	keyCache       *pipeline.KeyCache           // set if one process serves all requests
	poison         map[string]bool              // SHA-256 of unprocessable payloads
	crashing       map[string]bool              // ids of events whose payload crashes the worker
	violations     []Violation
}

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
	if n.Type == contract.EventProcessed {
		r.checkSource(n.Detail.Bronze.Key, "a notification was published")
	}
}

func (w *world) send(event pipeline.Event) { w.queue.send(event, messageOf(event)) }

func messageOf(event pipeline.Event) string {
	body, err := json.Marshal(event)
	if err != nil {
		panic(err)
	}
	return string(body)
}

func (w *world) state(unread bool) uint64 {
	h := hash(w.bronze.state(false), w.silver.state(unread), w.table.state(unread),
		w.queue.state())
	for _, n := range w.notifications {
		h += hash(n.Type, n.Detail.EventID, n.Detail.Filtered, n.replay)
	}
	for _, a := range w.accepted {
		h += hash(a)
	}
	for id, n := range w.failures {
		h += hash("failures", id, n)
	}
	for _, sum := range w.rejected {
		h += hash("rejected", sum)
	}
	return h + hash("unanswered", w.unanswered)
}

// snapshot holds a copy of a world. Slices that only grow, such as notifications, share their
// elements with the original.
type snapshot struct {
	world    world
	messages []message
}

func (w *world) save() snapshot {
	s := snapshot{world: *w}
	s.world.bronze, s.world.silver = w.bronze.clone(), w.silver.clone()
	s.world.table = w.table.clone()
	s.world.generations, s.world.failures = maps.Clone(w.generations), maps.Clone(w.failures)
	s.world.queue.messages = slices.Clone(w.queue.messages)
	s.world.queue.deadLetters = slices.Clone(w.queue.deadLetters)
	for _, m := range w.queue.messages {
		s.messages = append(s.messages, *m)
	}
	return s
}

// copy returns a new world with the content of the snapshot.
func (s snapshot) copy() world {
	w := s.world.save().world
	for i := range w.queue.messages {
		m := s.messages[i]
		w.queue.messages[i] = &m
	}
	return w
}

func (s snapshot) restore(w *world) {
	*w = s.world
	for i, m := range w.queue.messages {
		*m = s.messages[i]
	}
}
