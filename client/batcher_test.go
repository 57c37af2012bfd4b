package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/client"
)

// results collects the results of events.
type results struct {
	mu       sync.Mutex
	accepted []string // events
	errs     map[string]error
}

func (r *results) add(result client.Result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if (result.EventID == "") == (result.Err == nil) {
		panic(fmt.Sprintf("invalid result %+v", result))
	}
	if result.Err == nil {
		r.accepted = append(r.accepted, string(result.Event))
		return
	}
	if r.errs == nil {
		r.errs = make(map[string]error)
	}
	r.errs[string(result.Event)] = result.Err
}

func numberedEvent(i int) []byte { return fmt.Appendf(nil, `{"eventType":"a","n":%d}`, i) }

// addAll adds count events, and fails the test if the Batcher rejects one.
func addAll(t *testing.T, b *client.Batcher, count int, done func(client.Result)) {
	t.Helper()
	for i := range count {
		if err := b.Add(t.Context(), numberedEvent(i), done); err != nil {
			t.Fatal(err)
		}
	}
}

// sizes returns the number of events in each accepted request.
func (a *api) sizes() []int {
	a.mu.Lock()
	defer a.mu.Unlock()
	var sizes []int
	for _, response := range a.responses {
		sizes = append(sizes, strings.Count(response.body, "eventId"))
	}
	slices.Sort(sizes)
	return sizes
}

func TestBatcher_SendsAFullBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a api
		b := newDirectClient(t, &a, client.Options{}).NewBatcher(client.BatcherOptions{
			MaxBatchEvents: 3, Linger: time.Hour,
		})
		addAll(t, b, 7, nil)
		synctest.Wait()
		if !slices.Equal(a.sizes(), []int{3, 3}) {
			t.Errorf("before Close, the batches have %v events", a.sizes())
		}
		if err := b.Close(t.Context()); err != nil || !slices.Equal(a.sizes(), []int{1, 3, 3}) {
			t.Errorf("after Close, the batches have %v events, %v", a.sizes(), err)
		}
	})
}

func TestBatcher_LimitsTheSizeOfABatch(t *testing.T) {
	one := len(numberedEvent(0))
	for limit, want := range map[int][]int{
		2 + 3*one + 2: {3, 3, 3}, 2 + 3*one + 1: {1, 2, 2, 2, 2}, one: {1, 1, 1, 1, 1, 1, 1, 1, 1},
		1: {1, 1, 1, 1, 1, 1, 1, 1, 1},
	} {
		var a api
		b := newClient(t, &a, client.Options{}).NewBatcher(client.BatcherOptions{
			MaxBatchBytes: limit,
		})
		addAll(t, b, 9, nil)
		if err := b.Close(t.Context()); err != nil || !slices.Equal(a.sizes(), want) {
			t.Errorf("limit %d: the batches have %v events, %v", limit, a.sizes(), err)
		}
	}
}

func TestBatcher_SendsAtMost1000EventsInABatch(t *testing.T) {
	var a api
	b := newClient(t, &a, client.Options{}).NewBatcher(client.BatcherOptions{
		MaxBatchEvents: 5000, Linger: time.Hour,
	})
	addAll(t, b, 1001, nil)
	err := b.Close(t.Context())
	if err != nil || !slices.Equal(a.sizes(), []int{1, 1000}) {
		t.Errorf("the batches have %v events, %v", a.sizes(), err)
	}
}

func TestBatcher_SendsAPartialBatchAfterLinger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a api
		b := newDirectClient(t, &a, client.Options{}).NewBatcher(client.BatcherOptions{
			Linger: time.Minute,
		})
		for range 3 {
			addAll(t, b, 2, nil)
			time.Sleep(59 * time.Second)
		}
		synctest.Wait()
		if !slices.Equal(a.sizes(), []int{4}) { // the second minute has not ended
			t.Errorf("the batches have %v events", a.sizes())
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if !slices.Equal(a.sizes(), []int{2, 4}) {
			t.Errorf("the batches have %v events", a.sizes())
		}
		if err := b.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestBatcher_MeasuresLingerFromTheFirstEventOfABatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a api
		b := newDirectClient(t, &a, client.Options{}).NewBatcher(client.BatcherOptions{
			Linger: time.Minute, MaxBatchEvents: 2,
		})
		addAll(t, b, 1, nil)
		time.Sleep(30 * time.Second)
		addAll(t, b, 2, nil) // the first completes a batch
		time.Sleep(59 * time.Second)
		synctest.Wait()
		if !slices.Equal(a.sizes(), []int{2}) {
			t.Errorf("the batches have %v events", a.sizes())
		}
		if err := b.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// The id of an event in an array ends with an index. The id of a single event does not.
func TestBatcher_SendsASingleEventWithoutAnArray(t *testing.T) {
	var a api
	b := newClient(t, &a, client.Options{}).NewBatcher(client.BatcherOptions{})
	err := b.Add(t.Context(), event, func(r client.Result) {
		if r.EventID != "event-1" {
			t.Errorf("got %+v", r)
		}
	})
	if err := errors.Join(err, b.Close(t.Context())); err != nil {
		t.Error(err)
	}
}

func TestBatcher_HasRoomAgainAfterEachFlush(t *testing.T) {
	var a api
	one := len(numberedEvent(0))
	b := newClient(t, &a, client.Options{}).NewBatcher(client.BatcherOptions{
		MaxBufferedEvents: 9, MaxBufferedBytes: 9 * one, MaxConcurrentRequests: 2,
		OnDrop: func(event []byte) { t.Errorf("dropped %s", event) },
	})
	for range 10 {
		addAll(t, b, 9, nil)
		if err := b.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Close(t.Context()); err != nil || len(a.accepted) != 90 {
		t.Errorf("accepted %d events, %v", len(a.accepted), err)
	}
}

func TestBatcher_CopiesEvents(t *testing.T) {
	var a api
	b := newClient(t, &a, client.Options{}).NewBatcher(client.BatcherOptions{})
	reused := []byte(`{"eventType":"a"}`)
	if err := b.Add(t.Context(), reused, nil); err != nil {
		t.Fatal(err)
	}
	copy(reused, `{"eventType":"b"}`)
	if err := b.Close(t.Context()); err != nil || !slices.Equal(a.accepted,
		[]string{`{"eventType":"a"}`}) {
		t.Errorf("the API got %q, %v", a.accepted, err)
	}
}

func TestBatcher_RejectsAnEventThatIsNotAnObject(t *testing.T) {
	var a api
	b := newClient(t, &a, client.Options{}).NewBatcher(client.BatcherOptions{})
	for _, text := range []string{``, `1`, `[]`, `{},{}`, `{"a":}`} {
		err := b.Add(t.Context(), []byte(text), nil)
		if !errors.Is(err, client.ErrNotObject) {
			t.Errorf("%q: got %v", text, err)
		}
	}
	if err := b.Close(t.Context()); err != nil || a.attempts > 0 {
		t.Errorf("%d requests, %v", a.attempts, err)
	}
}

func TestBatcher_ReportsTheResultOfEachEvent(t *testing.T) {
	var a api
	var r results
	b := newClient(t, &a, client.Options{}).NewBatcher(client.BatcherOptions{MaxBatchEvents: 5})
	addAll(t, b, 18, r.add)
	bad := []byte(`{"eventType":"bad"}`)
	for range 2 {
		if err := b.Add(t.Context(), bad, r.add); err != nil {
			t.Fatal(err)
		}
	}
	err := b.Flush(t.Context())
	if err == nil || !strings.HasPrefix(err.Error(), "2 events were not accepted") {
		t.Errorf("Flush returned %v", err)
	}
	var problem *client.Problem
	if a.attempts != 4 {
		t.Errorf("%d requests for 4 batches", a.attempts)
	}
	if len(r.accepted) != 18 || len(a.accepted) != 18 || !errors.As(r.errs[string(bad)], &problem) {
		t.Errorf("accepted %d and %d, errors %v", len(r.accepted), len(a.accepted), r.errs)
	}
	if err := b.Close(t.Context()); err != nil {
		t.Errorf("after a Flush without new events, Close returned %v", err)
	}
}

// The API rejects a batch whose events are all invalid. Its response lists only some of these
// events.
func TestBatcher_FindsEveryInvalidEvent(t *testing.T) {
	for _, count := range []int{1, 2, 10, 100} {
		var a api
		var r results
		b := newClient(t, &a, client.Options{}).NewBatcher(client.BatcherOptions{})
		for i := range count {
			event := fmt.Appendf(nil, `{"eventType":"bad","n":%d}`, i)
			if err := b.Add(t.Context(), event, r.add); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.Close(t.Context()); err == nil {
			t.Error("Close returned no error")
		}
		for text, err := range r.errs {
			var p *client.Problem
			if !errors.As(err, &p) || p.Status != 422 || p.Detail != "No good." {
				t.Errorf("%s: got %v", text, err)
			}
		}
		if len(r.errs) != count || count <= 10 && a.attempts != 1 {
			t.Errorf("%d of %d events have an error after %d requests", len(r.errs), count,
				a.attempts)
		}
	}
}

func TestBatcher_SplitsABatchThatIsTooLarge(t *testing.T) {
	a := api{maxBytes: 300}
	var r results
	b := newClient(t, &a, client.Options{}).NewBatcher(client.BatcherOptions{})
	addAll(t, b, 100, r.add)
	tooLarge := fmt.Appendf(nil, `{"eventType":"a","text":%q}`, strings.Repeat("x", 300))
	if err := b.Add(t.Context(), tooLarge, r.add); err != nil {
		t.Fatal(err)
	}
	err := b.Close(t.Context())
	var problem *client.Problem
	if !errors.As(err, &problem) || problem.Status != http.StatusRequestEntityTooLarge {
		t.Errorf("Close returned %v", err)
	}
	slices.Sort(a.accepted)
	n := len(slices.Compact(a.accepted))
	if n != 100 || len(r.accepted) != 100 || len(r.errs) != 1 {
		t.Errorf("accepted %d different events of %d, %d errors", n, len(a.accepted), len(r.errs))
	}
}

// If the response is lost, the API may have accepted the batch. A request with half of the events
// has a new idempotency key, so it can create these events twice.
func TestBatcher_DoesNotSplitABatchThatMayBeAccepted(t *testing.T) {
	a := new(api)
	a.fault = func(attempt int, w http.ResponseWriter, r *http.Request) bool {
		if attempt == 1 {
			a.loseResponse(r)
		}
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return true
	}
	var r results
	b := newClient(t, a, client.Options{}).NewBatcher(client.BatcherOptions{})
	addAll(t, b, 2, r.add)
	err := b.Close(t.Context())
	var failure *client.SendError
	if !errors.As(err, &failure) || !failure.MayBeAccepted || a.attempts != 2 {
		t.Errorf("got %v after %d requests", err, a.attempts)
	}
}

func TestBatcher_LosesAndRepeatsNothingIfRequestsFail(t *testing.T) {
	a := new(api)
	a.fault = func(attempt int, w http.ResponseWriter, r *http.Request) bool {
		switch attempt % 4 {
		case 0:
			a.loseResponse(r)
		case 1:
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		case 2:
			panic(http.ErrAbortHandler)
		}
		return false
	}
	var r results
	b := newClient(t, a, client.Options{MaxAttempts: 100}).NewBatcher(client.BatcherOptions{
		MaxBatchEvents: 10, MaxBufferedEvents: 50,
	})
	const count = 1000
	addAll(t, b, count, r.add)
	if err := b.Close(t.Context()); err != nil {
		t.Error(err)
	}
	accepted := len(a.accepted)
	slices.Sort(a.accepted)
	if n := len(slices.Compact(a.accepted)); accepted != count || n != count ||
		len(r.accepted) != count {
		t.Errorf("the API accepted %d events, %d different; %d results", accepted, n,
			len(r.accepted))
	}
}

// newBlockedAPI returns an API that waits until release is called. Then it answers all requests.
func newBlockedAPI() (a *api, release func()) {
	released := make(chan struct{})
	a = &api{fault: func(_ int, _ http.ResponseWriter, r *http.Request) bool {
		select {
		case <-released:
		case <-r.Context().Done():
		}
		return false
	}}
	return a, sync.OnceFunc(func() { close(released) })
}

func TestBatcher_WaitsForRoomInTheBuffer(t *testing.T) {
	one := len(numberedEvent(0))
	for name, o := range map[string]client.BatcherOptions{
		"events": {MaxBufferedEvents: 6, MaxBatchEvents: 2},
		"bytes":  {MaxBufferedBytes: 6*one + one/2, MaxBatchEvents: 2},
		// All 6 events are in one batch that is not full. Add must send it to make room.
		"one batch": {MaxBufferedEvents: 6, Linger: 1000 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, release := newBlockedAPI()
				var r results
				b := newDirectClient(t, a, client.Options{}).NewBatcher(o)
				addAll(t, b, 6, r.add)
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				err := b.Add(ctx, numberedEvent(6), r.add)
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("Add to a full buffer returned %v", err)
				}
				added := make(chan error)
				go func() { added <- b.Add(t.Context(), numberedEvent(7), r.add) }()
				synctest.Wait()
				released := time.Now()
				release()
				if err := <-added; err != nil || time.Since(released) > 0 {
					t.Errorf("Add returned %v after %s", err, time.Since(released))
				}
				if err := b.Close(t.Context()); err != nil || len(r.accepted) != 7 {
					t.Errorf("%d results, %v", len(r.accepted), err)
				}
			})
		})
	}
}

// If a large event waits for room, the Batcher must send the pending batch at once. It must not
// wait until Linger ends.
func TestBatcher_SendsAPartialBatchToMakeRoom(t *testing.T) {
	one := len(numberedEvent(0))
	large := []byte(`{"eventType":"a","text":"` + strings.Repeat("x", 3*one) + `"}`)
	for range 100 { // the sender and Add run at the same time; the race detector slows them down
		synctest.Test(t, func(t *testing.T) {
			a, release := newBlockedAPI()
			b := newDirectClient(t, a, client.Options{}).NewBatcher(client.BatcherOptions{
				MaxBatchEvents: 2, MaxBufferedBytes: len(large) + one/2, Linger: 1000 * time.Hour,
			})
			addAll(t, b, 3, nil)
			added := make(chan error)
			go func() { added <- b.Add(t.Context(), large, nil) }()
			synctest.Wait()
			released := time.Now()
			release()
			if err := <-added; err != nil || time.Since(released) > 0 {
				t.Errorf("Add returned %v after %s", err, time.Since(released))
			}
			if err := b.Close(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestBatcher_AcceptsAnEventThatIsLargerThanTheBuffer(t *testing.T) {
	var a api
	b := newClient(t, &a, client.Options{}).NewBatcher(client.BatcherOptions{MaxBufferedBytes: 1})
	addAll(t, b, 3, nil)
	if err := b.Close(t.Context()); err != nil || len(a.accepted) != 3 {
		t.Errorf("accepted %q, %v", a.accepted, err)
	}
}

func TestBatcher_DropsEventsInsteadOfWaiting(t *testing.T) {
	a, release := newBlockedAPI()
	var r results
	var dropped []string
	b := newClient(t, a, client.Options{}).NewBatcher(client.BatcherOptions{
		MaxBufferedEvents: 2,
		OnDrop:            func(event []byte) { dropped = append(dropped, string(event)) },
	})
	for i := range 4 {
		err := b.Add(t.Context(), numberedEvent(i), r.add)
		if full := errors.Is(err, client.ErrBufferFull); full != (i >= 2) {
			t.Errorf("event %d: %v", i, err)
		}
	}
	release()
	err := b.Close(t.Context())
	want := []string{string(numberedEvent(2)), string(numberedEvent(3))}
	if err != nil || !slices.Equal(dropped, want) || len(r.accepted) != 2 {
		t.Errorf("dropped %q, accepted %q, %v", dropped, r.accepted, err)
	}
}

func TestBatcher_LimitsConcurrentRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, release := newBlockedAPI()
		b := newDirectClient(t, a, client.Options{}).NewBatcher(client.BatcherOptions{
			MaxBatchEvents: 1, MaxConcurrentRequests: 3,
		})
		addAll(t, b, 10, nil)
		synctest.Wait()
		if a.attempts != 3 {
			t.Errorf("%d requests run", a.attempts)
		}
		release()
		if err := b.Close(t.Context()); err != nil || len(a.accepted) != 10 {
			t.Errorf("accepted %d, %v", len(a.accepted), err)
		}
	})
}

func TestBatcher_FlushWaitsForTheEventsThatWereAddedBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, release := newBlockedAPI()
		var r results
		b := newDirectClient(t, a, client.Options{}).NewBatcher(client.BatcherOptions{
			Linger: time.Hour,
		})
		addAll(t, b, 2, r.add)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := b.Flush(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Flush returned %v before the results", err)
		}
		release()
		if err := b.Flush(t.Context()); err != nil || len(r.accepted) != 2 {
			t.Errorf("Flush returned %v after %d results", err, len(r.accepted))
		}
		if err := b.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestBatcher_CloseEndsCallsThatWaitForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, release := newBlockedAPI()
		b := newDirectClient(t, a, client.Options{}).NewBatcher(client.BatcherOptions{
			MaxBufferedEvents: 1,
		})
		addAll(t, b, 1, nil)
		waiting, closed := make(chan error), make(chan error)
		go func() { waiting <- b.Add(t.Context(), event, nil) }()
		synctest.Wait()
		go func() { closed <- b.Close(t.Context()) }()
		if err := <-waiting; !errors.Is(err, client.ErrClosed) {
			t.Errorf("Add returned %v", err)
		}
		release()
		if err := <-closed; err != nil || len(a.accepted) != 1 {
			t.Errorf("accepted %q, %v", a.accepted, err)
		}
	})
}

func TestBatcher_CloseReportsEachEventThatIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, release := newBlockedAPI()
		defer release()
		var r results
		b := newDirectClient(t, a, client.Options{}).NewBatcher(client.BatcherOptions{
			MaxBatchEvents: 2, MaxConcurrentRequests: 1, MaxBufferedEvents: 7,
		})
		addAll(t, b, 7, r.add)
		waiting := make(chan error)
		go func() { waiting <- b.Add(t.Context(), numberedEvent(7), r.add) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := b.Close(ctx); !errors.Is(err, context.DeadlineExceeded) || len(r.errs) != 7 {
			t.Errorf("%d events have an error, %v", len(r.errs), err)
		}
		if err := <-waiting; !errors.Is(err, client.ErrClosed) {
			t.Errorf("a waiting Add returned %v", err)
		}
	})
}

func TestBatcher_RejectsEventsAfterClose(t *testing.T) {
	b := newClient(t, new(api), client.Options{}).NewBatcher(client.BatcherOptions{})
	for range 2 {
		if err := b.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if err := b.Add(t.Context(), event, nil); !errors.Is(err, client.ErrClosed) {
		t.Errorf("Add returned %v", err)
	}
}

func TestBatcher_IsSafeForConcurrentUse(t *testing.T) {
	var a api
	var r results
	b := newClient(t, &a, client.Options{}).NewBatcher(client.BatcherOptions{
		MaxBatchEvents: 7, MaxBufferedEvents: 20,
	})
	var adding sync.WaitGroup
	for i := range 20 {
		adding.Go(func() {
			for range 50 {
				if err := b.Add(t.Context(), numberedEvent(i), r.add); err != nil {
					t.Error(err)
				}
			}
			if err := b.Flush(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	adding.Wait()
	err := b.Close(t.Context())
	if err != nil || len(r.accepted) != 1000 || len(a.accepted) != 1000 {
		t.Errorf("%d results, %d events, %v", len(r.accepted), len(a.accepted), err)
	}
}
