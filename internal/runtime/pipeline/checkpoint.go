package pipeline

import (
	"context"
	"errors"
	"time"
)

// Checkpoint is what one run of the reconciler leaves to the next.
type Checkpoint struct {
	Pass      Pass      `json:"pass"`              // the last run's; From is where a new one begins, once it is Done
	RewindTo  time.Time `json:"rewindTo,omitzero"` // events from that hour on were reopened since
	RewoundAt time.Time `json:"rewoundAt,omitzero"`
}

// CheckpointStore keep the reconciler's checkpoint.
type CheckpointStore interface {
	// Load returns the checkpoint, the zero one before the first run.
	Load(ctx context.Context) (Checkpoint, error)
	// Save writes next in place of old. ErrChanged: it is no longer old, maybe by an earlier try of this call; nothing
	// was written.
	Save(ctx context.Context, old, next Checkpoint) error
}

// Run does the next part of the work: it goes on where the last run stopped, or begins a new pass.
func (r Reconciler) Run(ctx context.Context) (Report, error) {
	checkpoint, err := r.Checkpoints.Load(ctx)
	if err != nil {
		return Report{}, unavailable("load the checkpoint", err)
	}
	pass, report, err := r.Sweep(ctx, r.next(checkpoint), false)
	if err != nil {
		return report, err
	}
	err = r.Checkpoints.Save(ctx, checkpoint, r.after(checkpoint, pass))
	// Another run, or who reopens events, was faster; the next run does again what this one did, which does no harm.
	if err != nil && !errors.Is(err, ErrChanged) {
		return report, unavailable("save the checkpoint", err)
	}
	return report, nil
}

// NextPass is the pass that the next run will make.
func (r Reconciler) NextPass(ctx context.Context) (Pass, error) {
	checkpoint, err := r.Checkpoints.Load(ctx)
	if err != nil {
		return Pass{}, unavailable("load the checkpoint", err)
	}
	return r.next(checkpoint), nil
}

// next is the pass to make. What was reopened counts once the grace is over: until then, more may be reopened behind it.
func (r Reconciler) next(c Checkpoint) Pass {
	if c.Pass.From.IsZero() {
		c.Pass = r.NewPass(r.Now().Add(-r.Window))
	}
	if !c.Pass.Done && !r.ripe(c) {
		return c.Pass
	}
	from := c.Pass.From
	if c.Pass.Done {
		from = c.Pass.To
		if !c.Pass.Unfinished.IsZero() && c.Pass.Unfinished.Before(from) {
			from = c.Pass.Unfinished
		}
	}
	if r.ripe(c) && c.RewindTo.Before(from) {
		from = c.RewindTo
	}
	pass := r.NewPass(from)
	pass.Frontier = c.Pass.Frontier
	return pass
}

func (r Reconciler) ripe(c Checkpoint) bool {
	return !c.RewindTo.IsZero() && c.RewoundAt.Before(r.Now().Add(-r.Grace))
}

// after is the checkpoint that a run leaves which made that pass.
func (r Reconciler) after(c Checkpoint, pass Pass) Checkpoint {
	next := Checkpoint{Pass: pass, RewindTo: c.RewindTo, RewoundAt: c.RewoundAt}
	if r.ripe(c) {
		next.RewindTo, next.RewoundAt = time.Time{}, time.Time{}
	}
	return next
}

// Rewind tells the reconciler that events received at t are about to be reopened, so that it heals them, too, should
// whoever reopens them crash. It is called before they are.
func Rewind(ctx context.Context, checkpoints CheckpointStore, t, now time.Time) error {
	for {
		old, err := checkpoints.Load(ctx)
		if err != nil {
			return unavailable("load the reconciler's checkpoint", err)
		}
		next := old
		next.RewoundAt = now.UTC().Truncate(time.Millisecond)
		if hour := t.UTC().Truncate(time.Hour); old.RewindTo.IsZero() || hour.Before(old.RewindTo) {
			next.RewindTo = hour
		}
		err = checkpoints.Save(ctx, old, next)
		if err == nil {
			return nil
		}
		if !errors.Is(err, ErrChanged) {
			return unavailable("rewind the reconciler's checkpoint", err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}
