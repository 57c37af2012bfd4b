package pipeline

import (
	"fmt"
	"slices"
	"testing"
)

func TestSubBatchSize_ShrinksWithEachRetry(t *testing.T) {
	for tries, want := range map[int]int{1: 50, 2: 12, 3: 3, 4: 1, 5: 1, 1000: 1} {
		if got := subBatchSize(100, tries); got != want {
			t.Errorf("after %d tries: got %d, want %d", tries, got, want)
		}
	}
}

func TestRetryOrder_DiffersFromRetryToRetry(t *testing.T) {
	for tries, want := range map[int]string{
		1: "[3 2 4 1 5]", 2: "[5 4 3 2 1]", 3: "[1 2 3 4 5]", 4: "[3 2 4 1 5]",
	} {
		if got := fmt.Sprint(retryOrder([]int{1, 2, 3, 4, 5}, tries)); got != want {
			t.Errorf("after %d tries: got %s, want %s", tries, got, want)
		}
	}
	if got := fmt.Sprint(retryOrder([]int{1, 2, 3, 4}, 1)); got != "[3 2 4 1]" {
		t.Errorf("from the middle of four: got %s", got)
	}
}

// The third delivery runs the events from the back, the fourth from the front, and the fifth from
// the middle of the events that remain. Each run ends at an event that crashes the worker. Together
// the three runs reach all other events, even if two events crash the worker.
func TestRetryOrder_ReachesAllEventsExceptTwoThatCrash(t *testing.T) {
	for n := 2; n <= 16; n++ {
		for first := range n {
			for second := first + 1; second < n; second++ {
				rest := make([]int, n)
				for i := range rest {
					rest[i] = i
				}
				for tries := 2; tries <= 4; tries++ {
					for _, event := range retryOrder(slices.Clone(rest), tries) {
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
