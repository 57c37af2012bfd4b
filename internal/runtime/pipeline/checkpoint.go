package pipeline

import (
	"context"
	"errors"
	"time"
)

// Checkpoint stores the reconciler's progress between two runs.
type Checkpoint struct {
	// Pass is the pass that the last run worked on. If it is Done, the next run begins a new pass.
	Pass Pass `json:"pass"`
	// RewindTo is the earliest hour in which a reopened event was received. A later pass must begin
	// in this hour or earlier. The first run of that pass sets RewindTo to zero.
	RewindTo  time.Time `json:"rewindTo,omitzero"`
	RewoundAt time.Time `json:"rewoundAt,omitzero"` // time of the last Rewind
}

// CheckpointStore stores the reconciler's checkpoint.
type CheckpointStore interface {
	// Load returns the checkpoint. Before the first run, it returns the zero Checkpoint.
	Load(ctx context.Context) (Checkpoint, error)
	// Save replaces the checkpoint old by the checkpoint next. If the stored checkpoint differs
	// from old, Save writes nothing and returns ErrChanged.
	Save(ctx context.Context, old, next Checkpoint) error
}

// Run continues the last pass through Bronze or begins a new one. It saves the progress of the
// pass.
func (r Reconciler) Run(ctx context.Context) (Report, error) {
	checkpoint, err := r.Checkpoints.Load(ctx)
	if err != nil {
		return Report{}, unavailable("load the checkpoint", err)
	}
	pass, report, err := r.RunPass(ctx, r.nextPass(checkpoint), false)
	if err != nil {
		return report, err
	}
	err = r.Checkpoints.Save(ctx, checkpoint, r.checkpointAfter(checkpoint, pass))
	// ErrChanged means that another run or Rewind has saved a checkpoint during this run. The next
	// run repeats the work of this run, which is harmless.
	if err != nil && !errors.Is(err, ErrChanged) {
		return report, unavailable("save the checkpoint", err)
	}
	return report, nil
}

// NextPass returns the pass that the next run will make.
func (r Reconciler) NextPass(ctx context.Context) (Pass, error) {
	checkpoint, err := r.Checkpoints.Load(ctx)
	if err != nil {
		return Pass{}, unavailable("load the checkpoint", err)
	}
	return r.nextPass(checkpoint), nil
}

// nextPass returns the unfinished pass, or a new one. If rewindDue returns true, nextPass returns a
// new pass that begins at c.RewindTo or earlier.
func (r Reconciler) nextPass(c Checkpoint) Pass {
	if c.Pass.From.IsZero() {
		c.Pass = r.NewPass(r.Now().Add(-r.Window))
	}
	if !c.Pass.Done && !r.rewindDue(c) {
		return c.Pass
	}
	from := c.Pass.From
	if c.Pass.Done {
		from = c.Pass.To
		if !c.Pass.Unfinished.IsZero() && c.Pass.Unfinished.Before(from) {
			from = c.Pass.Unfinished
		}
	}
	if r.rewindDue(c) && c.RewindTo.Before(from) {
		from = c.RewindTo
	}
	pass := r.NewPass(from)
	pass.Frontier = c.Pass.Frontier
	return pass
}

// rewindDue reports whether the next pass must go back to reopened events. It returns false during
// the grace period after the last Rewind, because the caller of Rewind can still reopen events.
func (r Reconciler) rewindDue(c Checkpoint) bool {
	return !c.RewindTo.IsZero() && c.RewoundAt.Before(r.Now().Add(-r.Grace))
}

// checkpointAfter returns the checkpoint to save after a run.
func (r Reconciler) checkpointAfter(c Checkpoint, pass Pass) Checkpoint {
	if r.rewindDue(c) {
		c.RewindTo, c.RewoundAt = time.Time{}, time.Time{}
	}
	c.Pass = pass
	return c
}

// Rewind changes the checkpoint: a later pass checks the events that were received since t. Call
// Rewind before you reopen such events. If your process then crashes, the reconciler sends the
// missing messages.
func Rewind(ctx context.Context, checkpoints CheckpointStore, t, now time.Time) error {
	for {
		old, err := checkpoints.Load(ctx)
		if err != nil {
			return unavailable("load the reconciler's checkpoint", err)
		}
		next := old
		next.RewoundAt = toMillis(now)
		hour := t.UTC().Truncate(time.Hour)
		if old.RewindTo.IsZero() || hour.Before(old.RewindTo) {
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
