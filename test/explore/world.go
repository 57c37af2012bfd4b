package explore

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// world is all that outlives a process.
type world struct {
	bronze, silver bucket
	table          table
	queue          queue
	notices        []notice
	accepted       []acceptance
	refused        []string                     // the hashes of payloads that were
	generations    map[string][]pipeline.Replay // of each event, in order
	recent         *pipeline.KeyCache           // of a process that serves all requests
	poison         map[string]bool              // SHA-256 of payloads that can't be processed
	killers        map[string]bool              // ids of events whose payload kills the process that reads it
	breaches       []breach
}

// notice is what the bus was told, and for which generation of the event.
type notice struct {
	pipeline.Notification
	replay pipeline.Replay
}

// acceptance is a 202 that a client has seen.
type acceptance struct {
	client, id string
	sha256     string
	key        string
}

// breach is an invariant that does not hold.
type breach struct{ invariant, what string }

func (w *world) violate(invariant, format string, args ...any) {
	w.breaches = append(w.breaches, breach{invariant, fmt.Sprintf(format, args...)})
}

func (r *run) publish(n pipeline.Notification, replay pipeline.Replay) {
	r.notices = append(r.notices, notice{n, replay})
	if n.Type == contract.EventProcessed {
		r.checkSource(n.Detail.Bronze.Key, "the bus was told of the event")
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

func (w *world) state(settled bool) uint64 {
	h := hash(w.bronze.state(false), w.silver.state(settled), w.table.state(settled), w.queue.state())
	for _, n := range w.notices {
		h += hash(n.Type, n.Detail.EventID, n.Detail.Filtered, n.replay)
	}
	for _, a := range w.accepted {
		h += hash(a)
	}
	for _, sum := range w.refused {
		h += hash("refused", sum)
	}
	return h
}

// saved is the world at a moment. What is only appended to needs no copy.
type saved struct {
	world    world
	messages []message
}

func (w *world) save() saved {
	s := saved{world: *w}
	s.world.bronze, s.world.silver, s.world.table = w.bronze.clone(), w.silver.clone(), w.table.clone()
	s.world.generations = maps.Clone(w.generations)
	s.world.queue.messages = slices.Clone(w.queue.messages)
	s.world.queue.letters = slices.Clone(w.queue.letters)
	for _, m := range w.queue.messages {
		s.messages = append(s.messages, *m)
	}
	return s
}

// copy is the world as it was, to begin with.
func (s saved) copy() world {
	w := s.world.save().world
	for i := range w.queue.messages {
		m := s.messages[i]
		w.queue.messages[i] = &m
	}
	return w
}

func (s saved) restore(w *world) {
	*w = s.world
	for i, m := range w.queue.messages {
		*m = s.messages[i]
	}
}
