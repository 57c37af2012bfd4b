package pipeline

import (
	"context"
	"testing"
	"time"
)

func TestNewDeadlines_EndsEachStageInTimeForTheNext(t *testing.T) {
	timeout := time.Now().Add(time.Minute)
	ctx, cancel := context.WithDeadline(t.Context(), timeout)
	defer cancel()
	d, cancelStages := newDeadlines(ctx, 2*time.Second)
	for want, stage := range map[time.Duration]context.Context{
		4 * time.Second: d.begin,
		3 * time.Second: d.output,
		2 * time.Second: d.finish,
		1 * time.Second: d.resolve,
	} {
		if deadline, _ := stage.Deadline(); timeout.Sub(deadline) != want {
			t.Errorf("a stage ends %s before the timeout, want %s", timeout.Sub(deadline), want)
		}
	}
	cancelStages()
	if d.begin.Err() == nil || ctx.Err() != nil {
		t.Error("cancel must end all stages, and not the invocation")
	}
}

func TestWithReserve_KeepsAContextWithoutDeadline(t *testing.T) {
	ctx, cancel := WithReserve(t.Context(), time.Second)
	cancel()
	if ctx != t.Context() || ctx.Err() != nil {
		t.Error("got another context")
	}
}
