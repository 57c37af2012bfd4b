package explore

import (
	"context"
	"strings"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// bronzePort is an actor's Bronze.
type bronzePort struct{ *actor }

func (p bronzePort) Put(ctx context.Context, key string, body []byte) error {
	return do(ctx, p.actor, "Bronze.Put", key, aWrite, func() error { return p.run.bronze.put(key, body) })
}

func (p bronzePort) Get(ctx context.Context, key string) ([]byte, error) {
	got, err := ask(ctx, p.actor, "Bronze.Get", key, aRead, 0, func(how) (versioned, error) { return p.run.bronze.get(key) })
	return got.body, err
}

func (p bronzePort) Types(ctx context.Context, after string) ([]string, error) {
	return ask(ctx, p.actor, "Bronze.Types", after, aRead, 0, func(how) ([]string, error) { return p.run.bronze.types(after), nil })
}

func (p bronzePort) List(ctx context.Context, prefix, after string) ([]pipeline.Object, error) {
	return ask(ctx, p.actor, "Bronze.List", after, aRead, 0, func(how) ([]pipeline.Object, error) {
		return p.run.bronze.list(prefix, after), nil
	})
}

// silverPort is an actor's Silver.
type silverPort struct{ *actor }

func (p silverPort) Put(ctx context.Context, key string, body []byte) error {
	return do(ctx, p.actor, "Silver.Put", key, aWrite, func() error {
		p.run.checkRecord(body)
		return p.run.silver.put(key, body)
	})
}

func (p silverPort) GetVersion(ctx context.Context, key string) ([]byte, string, error) {
	got, err := ask(ctx, p.actor, "Silver.Get", key, aRead, 0, func(how) (versioned, error) { return p.run.silver.get(key) })
	return got.body, got.version, err
}

func (p silverPort) Replace(ctx context.Context, key string, body []byte, version string) error {
	return do(ctx, p.actor, "Silver.Replace", key, aWrite, func() error {
		p.run.checkRecord(body)
		return p.run.silver.replace(key, body, version)
	})
}

// itemsPort is an actor's events table.
type itemsPort struct {
	*actor
	stale bool // its GetMany is eventually consistent
}

func (p itemsPort) Find(ctx context.Context, id string) (pipeline.Item, error) {
	return ask(ctx, p.actor, "Items.Find", id, aStaleRead, 0, func(h how) (pipeline.Item, error) { return p.run.table.find(id, h) })
}

func (p itemsPort) Create(ctx context.Context, item pipeline.Item) (pipeline.Item, error) {
	return ask(ctx, p.actor, "Items.Create", item.ID, aWrite, 0, func(how) (pipeline.Item, error) { return p.run.table.create(item) })
}

func (p itemsPort) GetMany(ctx context.Context, ids []string) (map[string]pipeline.Item, error) {
	kinds := aRead
	if p.stale {
		kinds = aStaleRead
	}
	return ask(ctx, p.actor, "Items.GetMany", strings.Join(ids, " "), kinds, 0, func(h how) (map[string]pipeline.Item, error) {
		return p.run.table.getMany(ids, h), nil
	})
}

func (p itemsPort) Finish(ctx context.Context, item pipeline.Item) error {
	return do(ctx, p.actor, "Items.Finish", item.ID+" "+string(item.Status), aWrite, func() error { return p.run.table.finish(item) })
}

func (p itemsPort) Move(ctx context.Context, from, to pipeline.Item) error {
	what := to.ID + " " + string(from.Status) + " → " + string(to.Status)
	return do(ctx, p.actor, "Items.Move", what, aWrite, func() error { return p.run.table.move(from, to) })
}

// queuePort is an actor's queue.
type queuePort struct{ *actor }

func (p queuePort) Send(ctx context.Context, event pipeline.Event) error {
	return do(ctx, p.actor, "Queue.Send", event.ID, anAppend, func() error {
		p.run.send(event)
		return nil
	})
}

func (p queuePort) SendMany(ctx context.Context, events []pipeline.Event) []error {
	if len(events) == 0 {
		return nil
	}
	return many(ctx, p.actor, "Queue.SendMany", events, func(e pipeline.Event) string { return e.ID }, p.run.send)
}

// CountMessages counts roughly: it may miss all that is there.
func (p queuePort) CountMessages(ctx context.Context) (int, error) {
	return ask(ctx, p.actor, "Queue.Waiting", "", aCount, 0, func(h how) (int, error) {
		if h.Kind == Wrong || p.run.scenario.MiscountsQueue {
			return 0, nil
		}
		return len(p.run.queue.messages), nil
	})
}

func (p queuePort) Delay(ctx context.Context, receipt string, d time.Duration) error {
	return do(ctx, p.actor, "Queue.Delay", receipt, anAppend, func() error {
		if m := p.run.receipts[receipt]; m != nil {
			m.visibleAt = time.Now().Add(d)
		}
		return nil
	})
}

// deadLettersPort is an actor's DLQ.
type deadLettersPort struct{ *actor }

func (p deadLettersPort) Send(ctx context.Context, letter pipeline.DeadLetter) error {
	return do(ctx, p.actor, "DLQ.Send", letter.EventID, anAppend, func() error {
		p.run.checkBegun(p.actor, letter)
		p.run.queue.letters = append(p.run.queue.letters, letter)
		return nil
	})
}

// busPort is an actor's bus.
type busPort struct{ *actor }

func (p busPort) Publish(ctx context.Context, notices []pipeline.Notification) []error {
	return many(ctx, p.actor, "Bus.Publish", notices, func(n pipeline.Notification) string { return n.Type + " " + n.Detail.EventID }, func(n pipeline.Notification) {
		replay, known := p.replays[n.Detail.EventID]
		if !known {
			replay = p.run.table.items[n.Detail.EventID].Replay
		}
		p.run.publish(n, replay)
	})
}

// checkpointsPort is an actor's checkpoint.
type checkpointsPort struct{ *actor }

func (p checkpointsPort) Load(ctx context.Context) (pipeline.Checkpoint, error) {
	return ask(ctx, p.actor, "Checkpoints.Load", "", aRead, 0, func(how) (pipeline.Checkpoint, error) {
		return p.run.table.checkpoint, nil
	})
}

func (p checkpointsPort) Save(ctx context.Context, old, next pipeline.Checkpoint) error {
	return do(ctx, p.actor, "Checkpoints.Save", "", aWrite, func() error { return p.run.table.save(old, next) })
}

// many is a call with a number of entries, each of which may fail by itself.
func many[T any](ctx context.Context, a *actor, site string, entries []T, name func(T) string, effect func(T)) []error {
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = name(e)
	}
	errs, err := ask(ctx, a, site, strings.Join(names, ", "), anAppend, len(entries), func(h how) ([]error, error) {
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
