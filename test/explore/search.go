package explore

import "fmt"

// Budget limits the faults and preemptions of one schedule.
type Budget struct{ Faults, Preemptions int }

// within reports whether b does not exceed other.
func (b Budget) within(other Budget) bool {
	return b.Faults <= other.Faults && b.Preemptions <= other.Preemptions
}

func (b Budget) plus(other Budget) Budget {
	return Budget{b.Faults + other.Faults, b.Preemptions + other.Preemptions}
}

// chooser chooses an option at each decision of a schedule.
type chooser interface {
	// pick returns the index of the chosen option. costs holds the cost of each option; the first
	// option costs nothing. next predicts the state to which an option leads. pick returns none if
	// all options lead to visited states.
	pick(costs []Budget, next func(option int) prediction) int
	// visitedState reports whether another schedule has continued from this state.
	visitedState(state func() uint64) bool
	// saveStart offers a state in which no actor runs, as the start of other schedules.
	saveStart(save func() start)
}

// prediction describes the state to which an option leads. If exact is true, hash is the value that
// run.state has when this state is reached. If exact is false, hash serves only for comparisons:
// options that lead to different states have different hashes.
type prediction struct {
	hash  uint64
	exact bool
}

const none = -1

// search tries every combination of options within a budget, one schedule after the other, depth
// first. The trail holds the decisions of the current schedule. The next schedule begins at the
// last saved start, repeats the rest of the trail, and then takes the first option of each
// decision.
type search struct {
	budget  Budget
	starts  []start // starts on the trail; each is deeper than the one before
	trail   []decision
	depth   int
	used    Budget
	leadsTo prediction        // prediction for the last decision
	visited map[uint64]uint64 // for each state, one bit per budget with which it was reached
}

type decision struct {
	options     []int        // options to try
	predictions []prediction // one for each element of options
	costs       []Budget     // cost of each option, including those not to try
	taken       int          // index in options
	used        Budget       // budget used before the decision
}

func newSearch(budget Budget, first start) *search {
	return &search{budget: budget, starts: []start{first}, visited: make(map[uint64]uint64)}
}

// lastStart returns the last saved start. The next schedule begins there.
func (s *search) lastStart() *start { return &s.starts[len(s.starts)-1] }

func (s *search) saveStart(save func() start) {
	if s.depth < len(s.trail) {
		return // still repeating the trail
	}
	from := save()
	from.begun, from.depth = true, s.depth
	if last := s.lastStart(); last.begun && last.depth == s.depth {
		*last = from
		return
	}
	s.starts = append(s.starts, from)
}

func (s *search) pick(costs []Budget, next func(int) prediction) int {
	if s.depth == len(s.trail) {
		d := decision{costs: costs, used: s.used}
		for i := range costs {
			used := s.used.plus(costs[i])
			if !used.within(s.budget) {
				continue
			}
			if p := next(i); !s.visit(p.hash, used) {
				d.options, d.predictions = append(d.options, i), append(d.predictions, p)
			}
		}
		if len(d.options) == 0 {
			return none
		}
		s.trail = append(s.trail, d)
	}
	d := s.trail[s.depth]
	if len(d.costs) != len(costs) {
		panic(fmt.Sprintf("the code is not deterministic: decision %d of the schedule %v now has %d "+
			"options, and had %d", s.depth, s.deviations(), len(costs), len(d.costs)))
	}
	s.depth++
	option := d.options[d.taken]
	s.used, s.leadsTo = s.used.plus(costs[option]), d.predictions[d.taken]
	return option
}

func (s *search) visitedState(state func() uint64) bool {
	if s.depth < len(s.trail) {
		return false // still repeating the trail
	}
	predicted := s.leadsTo
	s.leadsTo = prediction{}
	if !predicted.exact {
		return s.visit(state(), s.used)
	}
	if state() != predicted.hash {
		panic(fmt.Sprintf("the schedule %v led to another state than predicted", s.deviations()))
	}
	return false // pick has marked this state as visited
}

// visit reports whether the state was already visited after the same number of faults and
// preemptions, or fewer. If not, it marks the state as visited. A visited state need not be
// explored again, because all later steps depend on the state alone.
func (s *search) visit(state uint64, used Budget) bool {
	seen := s.visited[state]
	for f := range used.Faults + 1 {
		for p := range used.Preemptions + 1 {
			if seen&budgetBit(f, p) != 0 {
				return true
			}
		}
	}
	s.visited[state] = seen | budgetBit(used.Faults, used.Preemptions)
	return false
}

// visitedCheaper reports whether another schedule has reached the state with a smaller budget:
// fewer faults and no more preemptions, or fewer preemptions and no more faults.
func (s *search) visitedCheaper(state uint64, used Budget) bool {
	for f := range used.Faults + 1 {
		for p := range used.Preemptions + 1 {
			if (Budget{f, p}) != used && s.visited[state]&budgetBit(f, p) != 0 {
				return true
			}
		}
	}
	return false
}

func budgetBit(faults, preemptions int) uint64 {
	return 1 << (8*min(faults, 7) + min(preemptions, 7))
}

// next prepares the next schedule. It returns false if there is none.
func (s *search) next() bool {
	s.leadsTo = prediction{}
	for len(s.trail) > 0 {
		last := &s.trail[len(s.trail)-1]
		for last.taken++; last.taken < len(last.options); last.taken++ {
			used := last.used.plus(last.costs[last.options[last.taken]])
			if !s.visitedCheaper(last.predictions[last.taken].hash, used) {
				for s.lastStart().depth >= len(s.trail) {
					s.starts = s.starts[:len(s.starts)-1]
				}
				s.depth, s.used = s.lastStart().depth, s.lastStart().used
				return true
			}
		}
		s.trail = s.trail[:len(s.trail)-1]
	}
	return false
}

// Deviation represents a decision at which a schedule takes Option instead of the first option.
type Deviation struct{ Decision, Option int }

// script is a chooser that repeats a schedule. At each decision it takes the option of the
// decision's deviation. It takes the first option if there is no deviation, or if the budget is
// used up.
type script struct {
	budget     Budget
	used       Budget
	deviations map[int]int
	decisions  int
}

func newScript(budget Budget, deviations []Deviation) *script {
	s := &script{budget: budget, deviations: make(map[int]int)}
	for _, d := range deviations {
		s.deviations[d.Decision] = d.Option
	}
	return s
}

func (s *script) pick(costs []Budget, _ func(int) prediction) int {
	option := s.deviations[s.decisions] % len(costs)
	s.decisions++
	if used := s.used.plus(costs[option]); used.within(s.budget) {
		s.used = used
		return option
	}
	return 0
}

func (s *script) visitedState(func() uint64) bool { return false }

func (s *script) saveStart(func() start) {}

// deviations returns the deviations of the current schedule.
func (s *search) deviations() []Deviation {
	var found []Deviation
	for i, d := range s.trail[:s.depth] {
		if option := d.options[d.taken]; option > 0 {
			found = append(found, Deviation{i, option})
		}
	}
	return found
}
