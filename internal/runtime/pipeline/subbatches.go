package pipeline

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"
)

// subBatches splits deliveries so that retried ones run last, in shrinking groups. A delivery may
// be retried because a message crashed its worker, and with it everything in progress. That message
// is soon isolated, and then harms no other.
//
// Each retry begins at another place. Together, the third to fifth deliveries process all events
// beside two messages that crash their worker.
func subBatches(tasks []*task) [][]*task {
	var first, retried []*task
	tries := 0
	for _, t := range tasks {
		switch {
		case !t.open():
		case t.tries == 0:
			first = append(first, t)
		default:
			retried = append(retried, t)
			tries = max(tries, t.tries)
		}
	}
	var batches [][]*task
	if len(first) > 0 {
		batches = append(batches, first)
	}
	if len(retried) == 0 {
		return batches
	}
	// SQS does not keep the order of messages, and each retry needs the same one.
	byID := func(a, b *task) int { return strings.Compare(a.Event.ID, b.Event.ID) }
	slices.SortFunc(retried, byID)
	size := subBatchSize(len(retried), tries)
	return slices.AppendSeq(batches, slices.Chunk(retryOrder(retried, tries), size))
}

// subBatchSize returns half of n for the first retry, and for each later retry a quarter of the
// size before, but at least 1.
func subBatchSize(n, tries int) int {
	size := n / 2
	for retry := 1; retry < tries && size > 1; retry++ {
		size /= 4
	}
	return max(size, 1)
}

// retryOrder returns sorted tasks in the order of their retry. The first retry, the fourth and so
// on begin in the middle, the second, fifth, … at the back, and the third, sixth, … at the front.
func retryOrder[T any](sorted []T, tries int) []T {
	switch tries % 3 {
	case 1:
		return fromMiddle(sorted)
	case 2:
		slices.Reverse(sorted)
	}
	return sorted
}

// fromMiddle returns 1 2 3 4 5 as 3 2 4 1 5.
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
// status comes last: an event that is PROCESSED is never looked at again, so an earlier status
// would lose the later steps in a crash.
//
// Slow deliveries finish beside the next sub-batches, which would otherwise run out of time.
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

// finishStored finishes the tasks whose records are stored, or have failed, within SubBatchWait. It
// returns the other ones.
func (w Worker) finishStored(d deadlines, stored <-chan *task, tasks []*task) (rest []*task) {
	group, rest := waitForStored(stored, tasks)
	w.publish(d.finish, group)
	forEachTask(group, (*task).open, func(t *task) { t.Err = w.complete(d.finish, t) })
	w.resolveFailures(d.resolve, group)
	return rest
}

// waitForStored splits tasks into those that arrive on stored within SubBatchWait and the rest.
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

// resolveFailures retries the failed tasks or moves them to the DLQ.
func (w Worker) resolveFailures(ctx context.Context, tasks []*task) {
	forEachTask(tasks, (*task).failed, func(t *task) { w.resolveFailure(ctx, t) })
}
