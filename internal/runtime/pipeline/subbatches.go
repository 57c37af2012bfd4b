package pipeline

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"
)

// subBatches splits deliveries into sub-batches, to isolate messages that crash the worker. Retried
// deliveries run last, in groups that shrink with each crash.
//
// Each crash also changes the order of the retried deliveries. Even if two messages crash the
// worker, every other event is processed after at most five deliveries.
//
// The result alone contains deliveries that must run one by one, after all others.
func (w Worker) subBatches(tasks []*task) (batches [][]*task, alone []*task) {
	var first, retried []*task
	crashes := 0
	for _, t := range tasks {
		switch {
		case !t.unresolved():
		case t.tries.runsAlone(w.MaxReceiveCount):
			alone = append(alone, t)
		case t.redelivery:
			retried = append(retried, t)
			crashes = max(crashes, t.tries.Crashes)
		default:
			first = append(first, t)
		}
	}
	if len(first) > 0 {
		batches = append(batches, first)
	}
	if len(retried) == 0 {
		return batches, alone
	}
	// SQS returns the messages in any order. retryOrder needs input that is sorted by id.
	byID := func(a, b *task) int { return strings.Compare(a.Event.ID, b.Event.ID) }
	slices.SortFunc(retried, byID)
	size := subBatchSize(len(retried), crashes)
	groups := slices.Chunk(retryOrder(retried, crashes), size)
	return slices.AppendSeq(batches, groups), alone
}

// subBatchSize returns the group size for n retried deliveries: half of n, divided by four for each
// crash, and at least 1. The parameter crashes does not include crashes during a first delivery.
func subBatchSize(n, crashes int) int {
	size := n / 2
	for ; crashes > 0 && size > 1; crashes-- {
		size /= 4
	}
	return max(size, 1)
}

// retryOrder returns the order in which a retry runs tasks that are sorted by id. The order depends
// on the number of crashes:
//
//   - 0, 3, 6…: from the middle outwards
//   - 1, 4, 7…: backwards
//   - 2, 5, 8…: forwards
func retryOrder[T any](sorted []T, crashes int) []T {
	switch crashes % 3 {
	case 0:
		return fromMiddle(sorted)
	case 1:
		slices.Reverse(sorted)
	}
	return sorted
}

// fromMiddle orders elements from the middle outwards: it returns 1 2 3 4 5 as 3 2 4 1 5.
func fromMiddle[T any](sorted []T) []T {
	middle := len(sorted) / 2
	order := make([]T, 0, len(sorted))
	for distance := range len(sorted) - middle {
		order = append(order, sorted[middle+distance])
		if before := middle - 1 - distance; before >= 0 {
			order = append(order, sorted[before])
		}
	}
	return order
}

// runSubBatch runs the steps for a sub-batch: Bronze → record → Silver → bus → PROCESSED. The
// status is written last, so that the next delivery after a crash skips no step.
//
// Slow deliveries finish in parallel with the next sub-batches.
func (w Worker) runSubBatch(d deadlines, tasks []*task, slow *sync.WaitGroup) {
	stored := make(chan *task, len(tasks))
	go forEach(tasks, func(_ int, t *task) {
		defer func() { stored <- t }()
		defer t.recoverPanic()
		t.Err = w.storeOutput(d, t)
	})
	rest := w.finishStored(d, stored, tasks)
	slow.Go(func() {
		for len(rest) > 0 {
			rest = w.finishStored(d, stored, rest)
		}
	})
}

// finishStored finishes the tasks whose storeOutput returns within SubBatchWait, with or without an
// error. It returns the tasks that are still in progress.
func (w Worker) finishStored(d deadlines, stored <-chan *task, tasks []*task) (rest []*task) {
	group, rest := waitForStored(stored, tasks)
	forEachTask(group, (*task).hasParts, func(t *task) { t.Err = w.splitOff(d.finish, t) })
	w.publish(d.finish, group)
	forEachTask(group, (*task).unresolved, func(t *task) { t.Err = w.complete(d.finish, t) })
	w.resolveFailures(d.resolve, group)
	return rest
}

// waitForStored receives tasks from a channel for at most SubBatchWait. group holds the tasks that
// arrived, and rest holds the others.
func waitForStored(stored <-chan *task, tasks []*task) (group, rest []*task) {
	arrived := make(map[*task]bool)
	timer := time.NewTimer(SubBatchWait)
	defer timer.Stop()
	for timedOut := false; !timedOut && len(arrived) < len(tasks); {
		select {
		case t := <-stored:
			arrived[t] = true
		case <-timer.C:
			timedOut = true
		}
	}
	for _, t := range tasks {
		if arrived[t] {
			group = append(group, t)
		} else {
			rest = append(rest, t)
		}
	}
	return group, rest
}

// resolveFailures retries the failed tasks or moves them to the DLQ, and publishes EventFailed. If
// the worker crashes before it publishes, the message remains on the queue. The next delivery then
// publishes EventFailed.
func (w Worker) resolveFailures(ctx context.Context, tasks []*task) {
	forEachTask(tasks, (*task).failed, func(t *task) { w.resolveFailure(ctx, t) })
	w.publishFailed(ctx, tasks)
}
