package explore

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// randomBudget is larger than the budget of the exhaustive test.
var randomBudget = Budget{Faults: 6, Preemptions: 6}

// The test chooses events, operators and faults at random. If a schedule fails, rapid shortens the
// schedule and prints a seed. The flag -rapid.seed repeats the run.
func TestRandom_AllInvariantsHoldWithManyEvents(t *testing.T) {
	system := Ours
	if *naive {
		system = Naive
	}
	schedules, used := 0, Budget{}
	rapid.Check(t, func(rt *rapid.T) {
		traffic := drawTraffic(rt, system.Reconciles)
		deviations := rapid.SliceOfN(rapid.Custom(drawDeviation), 0, 12).Draw(rt, "deviations")
		r := runSchedule(t, system, traffic.scenario(), deviations, randomBudget)
		schedules, used = schedules+1, used.plus(r.used)
		if len(r.violations) > 0 {
			v := r.violations[0]
			rt.Fatalf("%s violated with %d faults and %d preemptions: %s\n%s", v.Invariant,
				r.used.Faults, r.used.Preemptions, v.What, strings.Join(r.trace, "\n"))
		}
	})
	t.Logf("%d schedules with %d faults and %d preemptions", schedules, used.Faults,
		used.Preemptions)
}

func drawDeviation(rt *rapid.T) Deviation {
	return Deviation{rapid.IntRange(0, 250).Draw(rt, "decision"),
		rapid.IntRange(1, 40).Draw(rt, "option")}
}

// traffic describes the clients and operators of a random run.
type traffic struct {
	Bodies    []string
	Keys      []string // one key per body; "" means no key
	Operators []string // one for each run of the reconciler: "", "replay" or "redrive"
	Batch     int
	Crashing  bool // the first client's event crashes its worker, if it has no key
	OneAPI    bool // one process serves all requests, with one key cache
}

func drawTraffic(rt *rapid.T, operators bool) traffic {
	tr := traffic{
		Batch:  rapid.IntRange(1, 4).Draw(rt, "batch"),
		OneAPI: rapid.Bool().Draw(rt, "one process"),
	}
	for i := range rapid.IntRange(1, 7).Draw(rt, "clients") {
		key := rapid.SampledFrom([]string{"", "", "a", "b"}).Draw(rt, "key")
		// Requests with a key have one of two payloads. Each event without a key has its own
		// payload.
		n := fmt.Sprintf("%s%d", key, i)
		value := "1"
		if key != "" {
			n = key + rapid.SampledFrom([]string{"1", "2"}).Draw(rt, "payload")
		} else {
			value = rapid.SampledFrom([]string{"1", "1", "1", "1e999"}).Draw(rt, "value")
		}
		tr.Bodies = append(tr.Bodies, fmt.Sprintf(`{"eventType":"demo","n":%q,"value":%s}`, n,
			value))
		tr.Keys = append(tr.Keys, key)
	}
	if operators {
		tr.Crashing = rapid.Float64Range(0, 1).Draw(rt, "crashing") > 0.9
		tr.Operators = rapid.SliceOfN(rapid.SampledFrom([]string{"", "replay", "redrive"}), 0,
			3).Draw(rt, "operators")
	}
	return tr
}

func (tr traffic) scenario() Scenario {
	return Scenario{Name: "random", Batch: tr.Batch, SharedProcess: tr.OneAPI,
		Ticks: len(tr.Operators) + 1, Begin: tr.begin, AtTick: tr.operate}
}

func (tr traffic) begin(r *run) {
	for _, body := range tr.Bodies {
		if strings.Contains(body, "1e999") {
			r.poison[sha256Hex([]byte(body))] = true
		}
	}
	for i, body := range tr.Bodies {
		r.client(i+1, body, tr.Keys[i])
	}
	if tr.Crashing {
		r.crashing[idOf(1)] = true
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
