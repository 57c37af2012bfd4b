package explore

// Budget limits the faults and preemptions of one schedule.
type Budget struct{ Faults, Preemptions int }

// within reports whether b does not exceed the budget `other`.
func (b Budget) within(other Budget) bool {
	return b.Faults <= other.Faults && b.Preemptions <= other.Preemptions
}

func (b Budget) plus(other Budget) Budget {
	return Budget{b.Faults + other.Faults, b.Preemptions + other.Preemptions}
}

// search tries every combination of steps within a budget, depth first. It does not continue from a
// state that it has visited before.
type search struct {
	*run
	budget     Budget
	untilFirst bool
	path       []int             // options taken at the decisions of the current schedule
	visited    map[uint64]uint64 // for each state, one bit per budget with which it was reached
	out        Outcome
}

// explore tries all continuations of the current schedule. It returns false if the search must
// stop.
func (s *search) explore() bool {
	steps := s.advance(s.visit)
	if steps == nil {
		s.out.count(s.violations, s.used, s.path)
		return s.out.First == nil || !s.untilFirst
	}
	before := s.scheduleState.copy()
	for i, next := range steps {
		used := before.used.plus(next.cost)
		if !used.within(s.budget) {
			continue
		}
		s.scheduleState = before.copy()
		s.used, s.path = used, append(s.path, i)
		next.do()
		if !s.explore() {
			return false
		}
		s.path = s.path[:len(s.path)-1]
	}
	return true
}

// visit reports whether the current state was visited before with the same number of faults and
// preemptions, or fewer. If not, it marks the state as visited.
func (s *search) visit() bool {
	state := s.stateHash()
	seen := s.visited[state]
	for f := range s.used.Faults + 1 {
		for p := range s.used.Preemptions + 1 {
			if seen&budgetBit(f, p) != 0 {
				return true
			}
		}
	}
	s.visited[state] = seen | budgetBit(s.used.Faults, s.used.Preemptions)
	return false
}

func budgetBit(faults, preemptions int) uint64 {
	return 1 << (8*min(faults, 7) + min(preemptions, 7))
}

// Deviation represents a decision that takes Option instead of the first option.
type Deviation struct{ Decision, Option int }

// deviations returns the deviations of a schedule.
func deviations(path []int) []Deviation {
	var found []Deviation
	for decision, option := range path {
		if option > 0 {
			found = append(found, Deviation{decision, option})
		}
	}
	return found
}

// follow runs one schedule. Without a deviation for a decision, it takes the first option. It also
// takes the first option if the deviation exceeds the budget.
func (r *run) follow(deviations []Deviation, budget Budget) {
	options := make(map[int]int)
	for _, d := range deviations {
		options[d.Decision] = d.Option
	}
	unvisited := func() bool { return false }
	for decision := 0; ; decision++ {
		steps := r.advance(unvisited)
		if steps == nil {
			return
		}
		next := steps[options[decision]%len(steps)]
		if !r.used.plus(next.cost).within(budget) {
			next = steps[0]
		}
		r.used = r.used.plus(next.cost)
		next.do()
	}
}
