package pipeline

import (
	"fmt"
	"slices"
	"testing"
)

func TestSubBatchSize_ShrinksWithEachCrash(t *testing.T) {
	for crashes, want := range map[int]int{0: 50, 1: 12, 2: 3, 3: 1, 4: 1, 1000: 1} {
		if got := subBatchSize(100, crashes); got != want {
			t.Errorf("after %d crashes: got %d, want %d", crashes, got, want)
		}
	}
}

func TestRetryOrder_DiffersFromCrashToCrash(t *testing.T) {
	for crashes, want := range map[int]string{
		0: "[3 2 4 1 5]", 1: "[5 4 3 2 1]", 2: "[1 2 3 4 5]", 3: "[3 2 4 1 5]",
	} {
		if got := fmt.Sprint(retryOrder([]int{1, 2, 3, 4, 5}, crashes)); got != want {
			t.Errorf("after %d crashes: got %s, want %s", crashes, got, want)
		}
	}
	if got := fmt.Sprint(retryOrder([]int{1, 2, 3, 4}, 0)); got != "[3 2 4 1]" {
		t.Errorf("from the middle of four: got %s", got)
	}
}

// A delivery stops at the first event that crashes the worker. If two events crash the worker,
// three deliveries in different orders must together reach all other events.
func TestRetryOrder_ReachesAllEventsExceptTwoThatCrash(t *testing.T) {
	for n := 2; n <= 16; n++ {
		for first := range n {
			for second := first + 1; second < n; second++ {
				rest := make([]int, n)
				for i := range rest {
					rest[i] = i
				}
				for crashes := 1; crashes <= 3; crashes++ {
					for _, event := range retryOrder(slices.Clone(rest), crashes) {
						if event == first || event == second {
							break
						}
						rest = slices.DeleteFunc(rest, func(e int) bool { return e == event })
					}
				}
				if !slices.Equal(rest, []int{first, second}) {
					t.Errorf("%d events, crash at %d and %d: remaining events %v", n, first,
						second, rest)
				}
			}
		}
	}
}
