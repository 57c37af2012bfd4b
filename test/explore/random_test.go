package explore

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// What random schedules may have go wrong: more than can be explored exhaustively.
var randomBudget = Budget{Faults: 6, Preemptions: 6}

// TestRandom takes many events, operators and faults by chance. A failure is shrunk to the shortest schedule that rapid
// finds, told as a story, and comes again with the seed that is printed: -rapid.seed.
func TestRandom_EveryInvariantHoldsWithManyEvents(t *testing.T) {
	system := Ours
	if *naive {
		system = Naive
	}
	schedules, used := 0, Budget{}
	rapid.Check(t, func(rt *rapid.T) {
		traffic := drawTraffic(rt, system.Reconciles)
		deviations := rapid.SliceOfN(rapid.Custom(drawDeviation), 0, 12).Draw(rt, "deviations")
		r := once(t, system, traffic.scenario(), newScript(randomBudget, deviations), make(Coverage), nil)
		schedules, used = schedules+1, used.plus(r.used)
		if len(r.breaches) > 0 {
			b := r.breaches[0]
			rt.Fatalf("%s broken with %d faults and %d preemptions: %s\n%s", b.invariant, r.used.Faults, r.used.Preemptions, b.what, strings.Join(r.story, "\n"))
		}
	})
	t.Logf("%d schedules with %d faults and %d preemptions", schedules, used.Faults, used.Preemptions)
}

func drawDeviation(rt *rapid.T) Deviation {
	return Deviation{rapid.IntRange(0, 250).Draw(rt, "decision"), rapid.IntRange(1, 12).Draw(rt, "option")}
}

// traffic is what clients and operators do in a random run.
type traffic struct {
	Bodies    []string
	Keys      []string // of each body, "" none
	Operators []string // what an operator does beside each run of the reconciler: "", "replay" or "redrive"
	Batch     int
	Killer    bool // the first event without a key kills its worker
	OneAPI    bool // all requests come to one process
}

func drawTraffic(rt *rapid.T, operators bool) traffic {
	tr := traffic{
		Batch:  rapid.IntRange(1, 4).Draw(rt, "batch"),
		OneAPI: rapid.Bool().Draw(rt, "one process"),
	}
	for i := range rapid.IntRange(1, 7).Draw(rt, "clients") {
		key := rapid.SampledFrom([]string{"", "", "a", "b"}).Draw(rt, "key")
		// Keys have few payloads, some of which differ; events without one have each their own.
		n := fmt.Sprintf("%s%d", key, i)
		value := "1"
		if key != "" {
			n = key + rapid.SampledFrom([]string{"1", "2"}).Draw(rt, "payload")
		} else {
			value = rapid.SampledFrom([]string{"1", "1", "1", "1e999"}).Draw(rt, "value")
		}
		tr.Bodies = append(tr.Bodies, fmt.Sprintf(`{"eventType":"demo","n":%q,"value":%s}`, n, value))
		tr.Keys = append(tr.Keys, key)
	}
	if operators {
		tr.Killer = rapid.Float64Range(0, 1).Draw(rt, "killer") > 0.9
		tr.Operators = rapid.SliceOfN(rapid.SampledFrom([]string{"", "replay", "redrive"}), 0, 3).Draw(rt, "operators")
	}
	return tr
}

func (tr traffic) scenario() Scenario {
	return Scenario{Name: "random", Batch: tr.Batch, SharedProcess: tr.OneAPI, Ticks: len(tr.Operators) + 1, Begin: tr.begin, AtTick: tr.operate}
}

func (tr traffic) begin(r *run) {
	for _, body := range tr.Bodies {
		if strings.Contains(body, "1e999") {
			r.poison[sha([]byte(body))] = true
		}
	}
	for i, body := range tr.Bodies {
		r.client(i+1, body, tr.Keys[i])
	}
	if tr.Killer {
		r.killers[idOf(1)] = true
	}
}

func (tr traffic) operate(r *run, tick int) {
	if tick > len(tr.Operators) {
		return
	}
	switch tr.Operators[tick-1] {
	case "replay":
		r.replay(pipeline.Replay{ID: fmt.Sprintf("replay-%d", tick)})
	case "redrive":
		r.redrive()
	}
}
