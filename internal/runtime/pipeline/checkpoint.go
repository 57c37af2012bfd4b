package pipeline

import (
	"context"
	"errors"
	"time"
)

// Checkpoint stores the reconciler's progress between two runs.
type Checkpoint struct {
	Pass      Pass      `json:"pass"`              // the last one; if Done, a new one begins
	RewindTo  time.Time `json:"rewindTo,omitzero"` // earliest hour of events reopened since
	RewoundAt time.Time `json:"rewoundAt,omitzero"`
}

// CheckpointStore stores the reconciler's checkpoint.
type CheckpointStore interface {
	// Load returns the checkpoint, or the zero one before the first run.
	Load(ctx context.Context) (Checkpoint, error)
	// Save replaces old by next. It returns ErrChanged and writes nothing if the stored checkpoint
	// is not old. An earlier attempt of this call may have replaced it.
	Save(ctx context.Context, old, next Checkpoint) error
}

// Run continues the last pass through Bronze, or begins a new one.
func (r Reconciler) Run(ctx context.Context) (Report, error) {
	checkpoint, err := r.Checkpoints.Load(ctx)
	if err != nil {
		return Report{}, unavailable("load the checkpoint", err)
	}
	pass, report, err := r.Sweep(ctx, r.nextPass(checkpoint), false)
	if err != nil {
		return report, err
	}
	err = r.Checkpoints.Save(ctx, checkpoint, r.checkpointAfter(checkpoint, pass))
	// After ErrChanged, by another run or by Rewind, the next run repeats this one without harm.
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

// nextPass returns the pass after a checkpoint. It begins at reopened events only after the grace
// period: until then, more may be reopened.
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

// rewindDue reports whether the grace period since the last rewind is over.
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

// Rewind records that events received at t are about to be reopened. Callers must call it before
// they reopen events, so that the reconciler enqueues the events after a crash.
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
