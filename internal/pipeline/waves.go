package pipeline

import (
	"context"
	"slices"
	"time"
)

// waves are the works that are to be brought to their end, one wave after the other. What was tried before may have killed
// its worker, and with it all that was under way. So that comes last, in waves of half the size with each try, and from
// the other end every second time: what kills is soon alone, and takes nothing with it any more.
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
	if tries%2 == 0 {
		slices.Reverse(again)
	}
	return slices.AppendSeq(waves, slices.Chunk(again, max(1, len(again)>>min(tries, 20))))
}

// finish brings a wave to its end: Bronze → record → Silver → bus → PROCESSED. The status comes last: were it written
// earlier, a crash behind it would lose what had not been put out yet, since a PROCESSED event is never looked at again.
func (w Worker) finish(ctx context.Context, wave []*work) {
	made := make(chan *work, len(wave))
	go each(wave, (*work).open, func(k *work) {
		defer func() { made <- k }()
		defer k.survive()
		k.err = w.makeRecord(ctx, k)
	})
	for rest := wave; len(rest) > 0; {
		var group []*work
		group, rest = together(made, rest)
		w.publish(ctx, group)
		each(group, (*work).open, func(k *work) { k.err = w.complete(ctx, k) })
	}
}

// Patience is how long events whose records are made wait for others of their wave, to be published with them.
const Patience = time.Second

// together is what comes to its end together: nearly always all of it. What takes longer than the others' patience is left,
// so that a processor that is slow with one event holds up no other.
func together(made <-chan *work, works []*work) (group, rest []*work) {
	done := map[*work]bool{<-made: true}
	patience := time.NewTimer(Patience)
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
