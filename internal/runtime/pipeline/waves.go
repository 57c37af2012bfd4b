package pipeline

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"
)

// waves are the works that are to be brought to their end, one wave after the other. What was tried before may have killed
// its worker, and with it all that was under way. So that comes last, in ever smaller waves: what kills is soon alone, and
// takes nothing with it any more. They begin at another place each time, so that all is at its end after five deliveries
// even between two that kill.
func waves(works []*work) [][]*work {
	var first, again []*work
	tries := 0
	for _, k := range works {
		switch {
		case !k.open():
		case k.tries == 0:
			first = append(first, k)
		default:
			again = append(again, k)
			tries = max(tries, k.tries)
		}
	}
	var waves [][]*work
	if len(first) > 0 {
		waves = append(waves, first)
	}
	if len(again) == 0 {
		return waves
	}
	slices.SortFunc(again, func(a, b *work) int { return strings.Compare(a.event.ID, b.event.ID) }) // SQS keeps no order
	switch tries % 3 {
	case 1:
		again = outwards(again)
	case 2:
		slices.Reverse(again)
	}
	return slices.AppendSeq(waves, slices.Chunk(again, max(1, len(again)>>min(2*tries-1, 20))))
}

// outwards begins in the middle and goes to both ends.
func outwards(works []*work) []*work {
	var order []*work
	for i, j := len(works)/2-1, len(works)/2; i >= 0 || j < len(works); i, j = i-1, j+1 {
		if j < len(works) {
			order = append(order, works[j])
		}
		if i >= 0 {
			order = append(order, works[i])
		}
	}
	return order
}

// finish brings a wave to its end: Bronze → record → Silver → bus → PROCESSED. The status comes last: were it written
// earlier, a crash behind it would lose what had not been put out yet, since a PROCESSED event is never looked at again.
//
// What is slow comes to its end beside the next waves: they would run out of time behind it.
func (w Worker) finish(ctx, settling context.Context, wave []*work, slow *sync.WaitGroup) {
	made := make(chan *work, len(wave))
	go each(wave, (*work).open, func(k *work) {
		defer func() { made <- k }()
		defer k.survive()
		k.err = w.makeRecord(ctx, k)
	})
	rest := w.finishSome(ctx, settling, made, wave)
	slow.Go(func() {
		for len(rest) > 0 {
			rest = w.finishSome(ctx, settling, made, rest)
		}
	})
}

// finishSome brings to their end those works whose records are made next, or can't be, and returns the others.
func (w Worker) finishSome(ctx, settling context.Context, made <-chan *work, works []*work) (rest []*work) {
	group, rest := together(made, works)
	w.publish(ctx, group)
	each(group, (*work).open, func(k *work) { k.err = w.complete(ctx, k) })
	each(group, (*work).failed, func(k *work) { w.settle(settling, k) })
	return rest
}

// SubBatchWait is how long a wave waits for what takes long in it.
const SubBatchWait = time.Second

// together is what comes to its end together: nearly always all of it. What takes longer than a wave's patience is left, so
// that a processor that is slow with one event holds up no other.
func together(made <-chan *work, works []*work) (group, rest []*work) {
	done := make(map[*work]bool)
	patience := time.NewTimer(SubBatchWait)
	defer patience.Stop()
	for over := false; !over && len(done) < len(works); {
		select {
		case k := <-made:
			done[k] = true
		case <-patience.C:
			over = true
		}
	}
	for _, k := range works {
		if done[k] {
			group = append(group, k)
		} else {
			rest = append(rest, k)
		}
	}
	return group, rest
}
