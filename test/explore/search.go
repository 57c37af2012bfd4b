package explore

// Budget is how much may go wrong in one schedule.
type Budget struct{ Faults, Preemptions int }

// within tells whether b is no more than other.
func (b Budget) within(other Budget) bool {
	return b.Faults <= other.Faults && b.Preemptions <= other.Preemptions
}

func (b Budget) plus(other Budget) Budget {
	return Budget{b.Faults + other.Faults, b.Preemptions + other.Preemptions}
}

// chooser decides a schedule.
type chooser interface {
	// pick returns which of the options is taken, given what each costs. The first one costs nothing.
	pick(costs []Budget) int
	// known tells whether all that can follow from a state was or will be looked at by other schedules.
	known(state func() uint64) bool
}

// search is a chooser that takes every combination of options within a budget, one schedule after the other. It goes
// depth first: a schedule takes the decisions of the trail and then the first option each time.
type search struct {
	budget  Budget
	trail   []decision
	depth   int
	used    Budget
	visited map[uint64]uint64 // state → the budgets that were used when it was reached, a bit each
	merged  int
}

type decision struct {
	costs []Budget
	taken int
	used  Budget // before it
}

func newSearch(budget Budget) *search {
	return &search{budget: budget, visited: make(map[uint64]uint64)}
}

func (s *search) pick(costs []Budget) int {
	if s.depth == len(s.trail) {
		s.trail = append(s.trail, decision{costs: costs, used: s.used})
	}
	d := s.trail[s.depth]
	if len(d.costs) != len(costs) {
		panic("the same choices led to another schedule: something is not deterministic")
	}
	s.depth++
	s.used = s.used.plus(costs[d.taken])
	return d.taken
}

// known prunes schedules that come to a state, with as much or less of the budget left, that another came to before.
// What follows depends on the state alone.
func (s *search) known(state func() uint64) bool {
	if s.depth < len(s.trail) {
		return false // on the way to what is new
	}
	key := state()
	seen := s.visited[key]
	for f := range s.used.Faults + 1 {
		for p := range s.used.Preemptions + 1 {
			if seen&budgetBit(f, p) != 0 {
				s.merged++
				return true
			}
		}
	}
	s.visited[key] = seen | budgetBit(s.used.Faults, s.used.Preemptions)
	return false
}

func budgetBit(faults, preemptions int) uint64 { return 1 << (8*min(faults, 7) + min(preemptions, 7)) }

// next prepares the next schedule; false when there is none.
func (s *search) next() bool {
	for len(s.trail) > 0 {
		last := &s.trail[len(s.trail)-1]
		for last.taken++; last.taken < len(last.costs); last.taken++ {
			if last.used.plus(last.costs[last.taken]).within(s.budget) {
				s.depth, s.used = 0, Budget{}
				return true
			}
		}
		s.trail = s.trail[:len(s.trail)-1]
	}
	return false
}

// Deviation takes another option than the first at a decision.
type Deviation struct{ Decision, Option int }

// script is a chooser that takes the first option but for some deviations. Those that cost more than is left are left out.
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

func (s *script) pick(costs []Budget) int {
	option := s.deviations[s.decisions] % len(costs)
	s.decisions++
	if used := s.used.plus(costs[option]); used.within(s.budget) {
		s.used = used
		return option
	}
	return 0
}

func (s *script) known(func() uint64) bool { return false }

// deviations are the decisions in which the search's present schedule takes another option than the first.
func (s *search) deviations() []Deviation {
	var found []Deviation
	for i, d := range s.trail[:s.depth] {
		if d.taken > 0 {
			found = append(found, Deviation{i, d.taken})
		}
	}
	return found
}
