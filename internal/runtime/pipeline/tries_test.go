package pipeline_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

var failingProcessor = processorFunc(func(pipeline.Event, int, []byte) (pipeline.Output, error) {
	return pipeline.Output{}, errService
})

// crashWorker processes deliveries in a worker that crashes during the processor's first call. It
// reports whether the processor was called.
func (w *world) crashWorker(t *testing.T, deliveries ...pipeline.Delivery) bool {
	t.Helper()
	crashed, returned, process := make(chan struct{}), make(chan struct{}), make(chan struct{})
	var once sync.Once
	worker := w.workerWith(processorFunc(func(pipeline.Event, int, []byte) (pipeline.Output,
		error) {
		once.Do(func() { close(crashed) })
		<-process // never returns
		return pipeline.Output{}, nil
	}))
	go func() {
		defer close(returned)
		worker.Process(t.Context(), deliveries)
	}()
	select {
	case <-crashed:
		return true
	case <-returned:
		return false
	}
}

// wantTries checks the tries of an event that no worker is processing.
func (w *world) wantTries(t *testing.T, want pipeline.Tries) {
	t.Helper()
	got := w.wantStatus(t, id, pipeline.Enqueued).Tries
	if got.Begun.Until.IsZero() {
		got.Begun = pipeline.Begun{}
	}
	if got != want {
		t.Errorf("tries = %+v, want %+v", got, want)
	}
}

func TestTries_AFailedProcessorCountsTowardsMaxReceiveCount(t *testing.T) {
	var w world
	delivery := w.accept(t, body)[0]
	worker := w.workerWith(failingProcessor)
	f := failing{&w, map[string]bool{"get": true}}
	down := w.worker()
	down.Bronze = failingStore{f}
	for failures := range worker.MaxReceiveCount {
		w.wantTries(t, pipeline.Tries{Failures: failures})
		for range 4 { // service faults between the failures do not count
			down.Process(t.Context(), []pipeline.Delivery{delivery})
			delivery.Attempt++
		}
		result := worker.Process(t.Context(), []pipeline.Delivery{delivery})[0]
		delivery.Attempt++
		last := failures == worker.MaxReceiveCount-1
		backoff := 500 * time.Millisecond << failures
		if result.Retry == last || !last && result.RetryIn != backoff {
			t.Errorf("failure %d: result = %+v, want a retry in %s", failures+1, result, backoff)
		}
	}
	item := w.wantStatus(t, id, pipeline.Failed)
	if item.Failure.Code != pipeline.ProcessorError || len(w.deadLetters.Sent()) != 1 {
		t.Errorf("failure = %+v, DLQ = %v", item.Failure, w.deadLetters.Sent())
	}
}

func TestTries_AnErrorInThePipelineCounts(t *testing.T) {
	var w world
	delivery := w.accept(t, body)[0]
	worker := w.worker()
	worker.Bronze = failingStore{failing{&w, map[string]bool{"panic": true}}}
	worker.Process(t.Context(), []pipeline.Delivery{delivery})
	w.wantTries(t, pipeline.Tries{Failures: 1})
}

// The first delivery has no mark. An event that crashes its worker therefore becomes FAILED after
// MaxReceiveCount + 1 crashes.
func TestTries_ACrashCountsTowardsMaxReceiveCount(t *testing.T) {
	var w world
	delivery := w.accept(t, body)[0]
	for range w.worker().MaxReceiveCount + 1 {
		w.wantStatus(t, id, pipeline.Enqueued)
		w.crashWorker(t, delivery)
		delivery.Attempt++
	}
	result := w.worker().Process(t.Context(), []pipeline.Delivery{delivery})[0]
	item := w.wantStatus(t, id, pipeline.Failed)
	if item.Failure.Code != pipeline.WorkerCrashed || result.Retry ||
		len(w.deadLetters.Sent()) != 1 {
		t.Errorf("result = %+v, failure = %+v", result, item.Failure)
	}
}

// A worker can crash before it begins the other deliveries of its invocation. If one of these
// deliveries crashes a later worker, that crash must be counted too.
func TestTries_EventsThatAllCrashTheirWorkerBecomeFailed(t *testing.T) {
	var w world
	deliveries := w.accept(t, slices.Repeat([]string{body}, 10)...)
	attempts := 0
	for w.crashWorker(t, deliveries...) {
		attempts++
		deliveries = slices.DeleteFunc(deliveries, func(d pipeline.Delivery) bool {
			event, err := pipeline.ReadMessage(d.Body, "bronze")
			item, getErr := w.items.Get(t.Context(), event.ID)
			if err != nil || getErr != nil {
				t.Fatal(err, getErr)
			}
			return item.Status == pipeline.Failed
		})
		for i := range deliveries {
			deliveries[i].Attempt++
		}
		if attempts == 40 {
			t.Fatalf("%d events are still ENQUEUED after %d deliveries", len(deliveries), attempts)
		}
	}
	if n := len(w.deadLetters.Sent()); n != 10 {
		t.Errorf("the DLQ has %d messages, want 10", n)
	}
}

func TestTries_ACrashCountsOnlyAtTheNextDeliveryOfTheMessage(t *testing.T) {
	for name, next := range map[string]func(*pipeline.Delivery){
		"a later delivery": func(d *pipeline.Delivery) {
			d.Attempt = 4 // the worker of delivery 3 can have failed to read the item
		},
		"the same delivery": func(*pipeline.Delivery) {},
	} {
		t.Run(name, func(t *testing.T) {
			var w world
			delivery := w.accept(t, body)[0]
			delivery.Attempt = 2
			w.crashWorker(t, delivery)
			next(&delivery)
			w.workerWith(failingProcessor).Process(t.Context(), []pipeline.Delivery{delivery})
			w.wantTries(t, pipeline.Tries{Failures: 1})
		})
	}
}

// An event can have two messages. Crashes must be counted for both.
func TestTries_TwoMessagesOfAnEventKeepTheirMarks(t *testing.T) {
	var w world
	delivery := w.accept(t, body)[0]
	delivery.Attempt = 2
	other := delivery
	other.MessageID = "other"
	for range 3 {
		w.crashWorker(t, delivery)
		w.crashWorker(t, other)
		delivery.Attempt++
		other.Attempt++
	}
	if got := w.wantStatus(t, id, pipeline.Enqueued).Tries.Crashes; got != 2 {
		t.Errorf("%d crashes count, want 2", got)
	}
}

func TestTries_AWorkerThatMayStillRunHasNotCrashed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w world
		delivery := w.accept(t, body)[0]
		delivery.Attempt = 3
		until := time.Now().Add(30 * time.Second)
		w.setTries(t, delivery, pipeline.Tries{Begun: pipeline.Begun{
			MessageID: "message-1", Attempt: 2, Until: until,
		}})
		worker := w.workerWith(failingProcessor)
		worker.Now = func() time.Time { return until.Add(-time.Millisecond) }
		worker.Process(t.Context(), []pipeline.Delivery{delivery})
		w.wantTries(t, pipeline.Tries{Failures: 1})
	})
}

func TestTries_NothingCountsWhileTheTableIsDown(t *testing.T) {
	var w world
	delivery := w.accept(t, body)[0]
	worker := w.workerWith(failingProcessor)
	worker.Items = failingFinisher{failing: failing{&w, map[string]bool{"set tries": true}}}
	for range 20 {
		result := worker.Process(t.Context(), []pipeline.Delivery{delivery})[0]
		if !result.Retry {
			t.Fatalf("result = %+v, want a retry", result)
		}
		delivery.Attempt++
	}
	w.wantTries(t, pipeline.Tries{})
}

// unmarkable fails to replace marks.
type unmarkable struct{ failingFinisher }

func (u unmarkable) SetTries(ctx context.Context, item pipeline.Item, tries pipeline.Tries) error {
	if tries.Begun.Until.IsZero() {
		return errService
	}
	return u.items.SetTries(ctx, item, tries)
}

// If the worker can't replace its mark, the mark counts as a crash from the time Begun.Until on.
// The next delivery must come before that time.
func TestTries_AMarkThatCannotBeReplacedIsNoCrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w world
		delivery := w.accept(t, body)[0]
		delivery.Attempt = 10
		f := failing{&w, map[string]bool{"put": true}}
		worker := w.worker()
		worker.Now, worker.StopBefore = time.Now, 2*time.Second
		worker.Items, worker.Silver = unmarkable{failingFinisher{failing: f}}, failingStore{f}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		result := worker.Process(ctx, []pipeline.Delivery{delivery})[0]
		if !result.Retry || result.RetryIn > 30*time.Second {
			t.Fatalf("result = %+v, want a retry within 30 seconds", result)
		}
		time.Sleep(result.RetryIn - 1)
		delivery.Attempt++
		worker.Items, worker.Processor = &w.items, failingProcessor
		worker.Process(t.Context(), []pipeline.Delivery{delivery})
		w.wantTries(t, pipeline.Tries{Failures: 1})
	})
}

// lostResponses stores each mark, but returns an error, as if the response were lost.
type lostResponses struct{ failingFinisher }

func (l lostResponses) SetTries(
	ctx context.Context, item pipeline.Item, tries pipeline.Tries,
) error {
	err := l.items.SetTries(ctx, item, tries)
	if err == nil && !tries.Begun.Until.IsZero() {
		return errService
	}
	return err
}

// lateMarks delays the write of each mark until the worker has replaced the mark. This late write
// must fail.
type lateMarks struct {
	failingFinisher
	late func() error
}

func (l *lateMarks) SetTries(ctx context.Context, item pipeline.Item, tries pipeline.Tries) error {
	if !tries.Begun.Until.IsZero() {
		l.late = func() error { return l.items.SetTries(ctx, item, tries) }
		return errService
	}
	err := l.items.SetTries(ctx, item, tries)
	if err == nil && l.late() == nil {
		return errors.New("the late mark was written")
	}
	return err
}

func TestTries_AMarkWithoutAResponseIsNoCrash(t *testing.T) {
	for name, items := range map[string]func(failingFinisher) pipeline.Items{
		"not written": func(f failingFinisher) pipeline.Items { return &lateMarks{f, nil} },
		"written":     func(f failingFinisher) pipeline.Items { return lostResponses{f} },
	} {
		t.Run(name, func(t *testing.T) {
			var w world
			delivery := w.accept(t, body)[0]
			delivery.Attempt = 2
			worker := w.workerWith(failingProcessor)
			worker.Items = items(failingFinisher{failing: failing{&w, nil}})
			worker.Process(t.Context(), []pipeline.Delivery{delivery})
			w.wantTries(t, pipeline.Tries{})
			delivery.Attempt++
			worker.Items = &w.items
			worker.Process(t.Context(), []pipeline.Delivery{delivery})
			w.wantTries(t, pipeline.Tries{Failures: 1})
		})
	}
}

func TestTries_AreStoredEvenIfTheEventHasNoItem(t *testing.T) {
	var w world
	delivery := w.accept(t, body)[0]
	w.items.Delete(id)
	w.workerWith(failingProcessor).Process(t.Context(), []pipeline.Delivery{delivery})
	w.wantTries(t, pipeline.Tries{Failures: 1})
}

func TestTries_AnotherDeliveryOfTheEventKeepsItsMark(t *testing.T) {
	var w world
	delivery := w.accept(t, body)[0]
	delivery.Attempt = 2
	other := delivery
	other.Attempt = 3
	worker := w.worker()
	worker.Bronze = inTheMeantime{&w.bronze, func() { w.crashWorker(t, other) }}
	result := worker.Process(t.Context(), []pipeline.Delivery{delivery})[0]
	if !result.Retry || pipeline.ErrorCode(result.Err) != pipeline.Unavailable {
		t.Errorf("result = %+v, want a retry", result)
	}
	if begun := w.wantStatus(t, id, pipeline.Enqueued).Tries.Begun; begun.Attempt != 3 {
		t.Errorf("mark = %+v, want that of delivery 3", begun)
	}
}

// inTheMeantime calls a function before each read.
type inTheMeantime struct {
	pipeline.BronzeReader
	do func()
}

func (m inTheMeantime) Get(ctx context.Context, key string) ([]byte, error) {
	m.do()
	return m.BronzeReader.Get(ctx, key)
}

func TestTries_AProcessorWithLittleTimeDoesNotCount(t *testing.T) {
	for name, test := range map[string]struct {
		read time.Duration
		want pipeline.Tries
	}{
		"most of the time": {12 * time.Second, pipeline.Tries{Failures: 1}},
		"little time":      {14 * time.Second, pipeline.Tries{}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var w world
				delivery := w.accept(t, body)[0]
				worker := w.workerWith(contextFunc(
					func(ctx context.Context, _ pipeline.Event) error {
						<-ctx.Done()
						return ctx.Err()
					}))
				worker.Bronze = inTheMeantime{&w.bronze, func() { time.Sleep(test.read) }}
				worker.StopBefore = 2 * time.Second
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				defer cancel()
				worker.Process(ctx, []pipeline.Delivery{delivery})
				w.wantTries(t, test.want)
			})
		})
	}
}

func TestTries_BeginAgainWithARedrive(t *testing.T) {
	var w world
	delivery := w.accept(t, body)[0]
	worker := w.workerWith(failingProcessor)
	for range worker.MaxReceiveCount {
		worker.Process(t.Context(), []pipeline.Delivery{delivery})
	}
	w.wantStatus(t, id, pipeline.Failed)
	result := w.redriver().Redrive(t.Context(), [][]byte{w.deadLetters.Sent()[0].Body})[0]
	if result.Err != nil {
		t.Fatal(result.Err)
	}
	w.wantTries(t, pipeline.Tries{})
}
