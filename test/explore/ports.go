package explore

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// bronzePort implements the pipeline's interfaces to Bronze for one actor.
type bronzePort struct{ *process }

func (p bronzePort) Put(ctx context.Context, key string, body []byte) error {
	return p.exec(ctx, "Bronze.Put", key, aWrite,
		func() error { return p.run.bronze.put(key, body, p.run.now) })
}

func (p bronzePort) Get(ctx context.Context, key string) ([]byte, error) {
	got, err := invoke(ctx, p.process, "Bronze.Get", key, aRead, 0,
		func(outcome) (versioned, error) { return p.run.bronze.get(key) })
	return got.body, err
}

func (p bronzePort) Types(ctx context.Context, after string) ([]string, error) {
	return invoke(ctx, p.process, "Bronze.Types", after, aRead, 0,
		func(outcome) ([]string, error) { return p.run.bronze.types(after), nil })
}

func (p bronzePort) List(ctx context.Context, prefix, after string) ([]pipeline.Object, error) {
	return invoke(ctx, p.process, "Bronze.List", after, aRead, 0,
		func(outcome) ([]pipeline.Object, error) {
			return p.run.bronze.list(prefix, after), nil
		})
}

// silverPort implements the pipeline's interface to Silver for one actor.
type silverPort struct{ *process }

func (p silverPort) Put(ctx context.Context, key string, body []byte) error {
	return p.exec(ctx, "Silver.Put", key, aWrite, func() error {
		err := p.run.silver.put(key, body, p.run.now)
		if err == nil {
			p.run.checkRecord(key, body)
		}
		return err
	})
}

func (p silverPort) GetVersion(ctx context.Context, key string) ([]byte, string, error) {
	got, err := invoke(ctx, p.process, "Silver.Get", key, aRead, 0,
		func(outcome) (versioned, error) { return p.run.silver.get(key) })
	return got.body, got.version, err
}

func (p silverPort) Replace(ctx context.Context, key string, body []byte, version string) error {
	return p.exec(ctx, "Silver.Replace", key, aWrite, func() error {
		old, _ := p.run.silver.get(key)
		err := p.run.silver.replace(key, body, version, p.run.now)
		if err == nil {
			p.run.checkReplaced(key, old.body, body)
			p.run.checkRecord(key, body)
		}
		return err
	})
}

// itemsPort implements the pipeline's interfaces to the events table for one actor.
type itemsPort struct {
	*process
	stale bool // makes GetMany eventually consistent
}

func (p itemsPort) Find(ctx context.Context, id string) (pipeline.Item, error) {
	return invoke(ctx, p.process, "Items.Find", id, aStaleRead, 0,
		func(h outcome) (pipeline.Item, error) { return p.run.table.find(id, h) })
}

func (p itemsPort) Create(ctx context.Context, item pipeline.Item) (pipeline.Item, error) {
	return invoke(ctx, p.process, "Items.Create", item.ID, aWrite, 0,
		func(outcome) (pipeline.Item, error) { return p.run.table.create(item) })
}

func (p itemsPort) GetMany(ctx context.Context, ids []string) (map[string]pipeline.Item, error) {
	kinds := aRead
	if p.stale {
		kinds = aStaleRead
	}
	found, err := invoke(ctx, p.process, "Items.GetMany", strings.Join(ids, " "), kinds, 0,
		func(h outcome) (map[string]pipeline.Item, error) {
			return p.run.table.getMany(ids, h), nil
		})
	return maps.Clone(found), err // the caller may change its copy
}

func (p itemsPort) Finish(ctx context.Context, item pipeline.Item) error {
	return p.exec(ctx, "Items.Finish", item.ID+" "+string(item.Status), aWrite,
		func() error { return p.run.table.finish(item) })
}

func (p itemsPort) SetTries(ctx context.Context, item pipeline.Item, tries pipeline.Tries) error {
	what := fmt.Sprintf("%s %d failures, %d crashes", item.ID, tries.Failures, tries.Crashes)
	if begun := tries.Begun; begun.Attempt > 0 {
		what += fmt.Sprintf(", message %s, delivery %d", begun.MessageID, begun.Attempt)
	}
	if !tries.Begun.Until.IsZero() {
		what += " begun"
	}
	return p.exec(ctx, "Items.SetTries", what, aWrite,
		func() error { return p.run.table.setTries(item, tries) })
}

func (p itemsPort) Move(ctx context.Context, from, to pipeline.Item) error {
	what := to.ID + " " + string(from.Status) + " → " + string(to.Status)
	return p.exec(ctx, "Items.Move", what, aWrite,
		func() error { return p.run.table.move(from, to) })
}

// queuePort implements the pipeline's interfaces to the queue for one actor.
type queuePort struct{ *process }

func (p queuePort) Send(ctx context.Context, event pipeline.Event) error {
	return p.exec(ctx, "Queue.Send", event.ID, anAppend, func() error {
		p.run.send(event)
		return nil
	})
}

func (p queuePort) SendMany(ctx context.Context, events []pipeline.Event) []error {
	if len(events) == 0 {
		return nil
	}
	return invokeBatch(ctx, p.process, "Queue.SendMany", events,
		func(e pipeline.Event) string { return e.ID }, p.run.send)
}

// CountMessages returns the number of messages. With the outcome Wrong, it returns 0, because SQS's
// number is approximate.
func (p queuePort) CountMessages(ctx context.Context) (int, error) {
	return invoke(ctx, p.process, "Queue.CountMessages", "", aCount, 0,
		func(h outcome) (int, error) {
			if h.Kind == Wrong || p.run.scenario.MiscountsQueue {
				return 0, nil
			}
			return len(p.run.queue.messages), nil
		})
}

func (p queuePort) Delay(ctx context.Context, receiptHandle string, d time.Duration) error {
	return p.exec(ctx, "Queue.Delay", receiptHandle, anAppend, func() error {
		if m := p.run.queue.find(receiptHandle); m != nil {
			p.run.queue.receive(m, m.receives, p.run.now.Add(d))
		}
		return nil
	})
}

// deadLettersPort implements the pipeline's interface to the DLQ for one actor.
type deadLettersPort struct{ *process }

func (p deadLettersPort) Send(ctx context.Context, deadLetter pipeline.DeadLetter) error {
	begun := p.hasBegun(deadLetter)
	return p.exec(ctx, "DLQ.Send", deadLetter.EventID, anAppend, func() error {
		if !begun {
			p.run.violate("I9", "event %s is in the DLQ, but its last delivery was not begun",
				deadLetter.EventID)
		}
		p.run.queue.deadLetters = append(p.run.queue.deadLetters, deadLetter)
		return nil
	})
}

// busPort implements the pipeline's interface to the bus for one actor.
type busPort struct{ *process }

func (p busPort) Publish(ctx context.Context, notifications []pipeline.Notification) []error {
	return invokeBatch(ctx, p.process, "Bus.Publish", notifications,
		func(n pipeline.Notification) string { return n.Type + " " + n.Detail.EventID },
		func(n pipeline.Notification) {
			replay, known := p.replayOf(n.Detail.EventID)
			if !known {
				replay = p.run.table.items[n.Detail.EventID].Replay
			}
			p.run.publish(n, replay)
		})
}

// checkpointsPort implements the pipeline's interface to the checkpoint for one actor.
type checkpointsPort struct{ *process }

func (p checkpointsPort) Load(ctx context.Context) (pipeline.Checkpoint, error) {
	return invoke(ctx, p.process, "Checkpoints.Load", "", aRead, 0,
		func(outcome) (pipeline.Checkpoint, error) {
			return p.run.table.checkpoint, nil
		})
}

func (p checkpointsPort) Save(ctx context.Context, old, next pipeline.Checkpoint) error {
	return p.exec(ctx, "Checkpoints.Save", "", aWrite,
		func() error { return p.run.table.save(old, next) })
}

// invokeBatch invokes a call with several entries. Each entry can fail alone.
func invokeBatch[T any](ctx context.Context, p *process, site string, entries []T,
	name func(T) string, effect func(T)) []error {
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = name(e)
	}
	errs, err := invoke(ctx, p, site, strings.Join(names, ", "), anAppend, len(entries),
		func(h outcome) ([]error, error) {
			errs := make([]error, len(entries))
			for i, e := range entries {
				if h.Kind == Partial && h.entry == i {
					errs[i] = errService
					continue
				}
				effect(e)
			}
			return errs, nil
		})
	if err != nil {
		errs = make([]error, len(entries))
		for i := range errs {
			errs[i] = err
		}
	}
	return errs
}

// replayOf searches the worker's messages for the event, and returns the event's generation.
func (p *process) replayOf(id string) (pipeline.Replay, bool) {
	for message, replay := range p.replays {
		if covers(message, id) {
			return replay, true
		}
	}
	return pipeline.Replay{}, false
}
