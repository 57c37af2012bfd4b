package console

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// jobs holds the latest jobs of a pipeline.
type jobs struct {
	version atomic.Uint64 // number of the last change of a job
	mu      sync.Mutex
	last    int
	list    []*job // the newest last
}

// maxJobs is the number of jobs above which finished jobs are removed from memory.
const maxJobs = 20

// jobState is the state of a job.
type jobState string

const (
	running  jobState = "running"
	paused   jobState = "paused"
	finished jobState = "finished"
	stopped  jobState = "stopped"
	broken   jobState = "failed"
)

// job is work that takes longer than a request.
type job struct {
	ID       int
	Page     string // page that shows the job: deadletters or replay
	Kind     string // redrive, discard, count, compare or replay
	Title    string
	State    jobState
	Done     int
	Total    int       // 0 if unknown
	Begin    time.Time // begin of the job, or of its run after the last pause
	End      time.Time
	Error    string
	Problems []string // at most maxProblems
	Results  []field
	Changed  []pipeline.Difference // result of a comparison; at most maxDifferences
	CanPause bool
	Next     string // path of the page that starts the counted replay

	run     func(ctx context.Context, update func(func(*job))) error
	cancel  context.CancelCauseFunc
	earlier int // value of Done at Begin
}

// Limits of the results of a job.
const (
	maxProblems    = 10
	maxDifferences = 200
)

var (
	errPaused  = errors.New("paused")
	errStopped = errors.New("stopped")
)

// start runs the job in the background until the job ends or ctx is cancelled. It returns the job's
// id.
func (s *jobs) start(ctx context.Context, j job) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.add(ctx, j)
}

// startUnlessBusy starts the job if no other job of its page is running. It reports whether it
// started the job.
func (s *jobs) startUnlessBusy(ctx context.Context, j job) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.isBusy(j.Page) {
		return false
	}
	s.add(ctx, j)
	return true
}

// add adds and runs the job. The caller holds s.mu.
func (s *jobs) add(ctx context.Context, j job) int {
	s.last++
	j.ID = s.last
	s.list = append(s.list, &j)
	for i := 0; len(s.list) > maxJobs && i < len(s.list); {
		if old := s.list[i]; old.State == running || old.State == paused || old == &j {
			i++
			continue
		}
		s.list = slices.Delete(s.list, i, i+1)
	}
	s.resume(ctx, &j)
	return j.ID
}

// resume runs the job. The caller holds s.mu.
func (s *jobs) resume(ctx context.Context, j *job) {
	ctx, cancel := context.WithCancelCause(ctx)
	j.cancel = cancel
	j.State, j.Error, j.Begin, j.End = running, "", time.Now(), time.Time{}
	j.Results, j.earlier = nil, j.Done
	s.version.Add(1)
	update := func(change func(*job)) {
		s.mu.Lock()
		defer s.mu.Unlock()
		change(j)
		s.version.Add(1)
	}
	go func() {
		err := j.run(ctx, update)
		update(func(j *job) {
			j.End = time.Now()
			switch cause := context.Cause(ctx); {
			case err == nil:
				j.State = finished
			case cause == errPaused:
				j.State = paused
			case cause != nil:
				j.State = stopped
			default:
				j.State, j.Error = broken, visible(err.Error())
			}
		})
		cancel(nil) // not j.cancel, because the job may have been resumed
	}()
}

// control pauses, stops or resumes a job. It reports whether the job's state allows this.
func (s *jobs) control(ctx context.Context, id int, action string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, j := range s.list {
		switch {
		case j.ID != id:
		case action == "pause" && j.State == running && j.CanPause:
			j.cancel(errPaused)
			return true
		case action == "stop" && j.State == running:
			j.cancel(errStopped)
			return true
		case action == "resume" && j.State == paused:
			s.resume(ctx, j)
			return true
		}
	}
	return false
}

// pageJobs returns copies of a page's jobs, the newest first.
func (s *jobs) pageJobs(page string) []job {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []job
	for _, j := range slices.Backward(s.list) {
		if j.Page == page {
			copied := *j
			copied.Problems = slices.Clone(j.Problems)
			copied.Changed = slices.Clone(j.Changed)
			found = append(found, copied)
		}
	}
	return found
}

// busy reports whether one of the page's jobs is running.
func (s *jobs) busy(page string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.isBusy(page)
}

// isBusy does the same as busy. The caller holds s.mu.
func (s *jobs) isBusy(page string) bool {
	return slices.ContainsFunc(s.list, func(j *job) bool {
		return j.Page == page && j.State == running
	})
}

// Took returns how long the job has run since its start, or since its last pause.
func (j job) Took() time.Duration {
	if j.End.IsZero() {
		return time.Since(j.Begin)
	}
	return j.End.Sub(j.Begin)
}

// Rate returns the job's events per second since its start, or since its last pause.
func (j job) Rate() float64 {
	if seconds := j.Took().Seconds(); seconds > 0 {
		return float64(j.Done-j.earlier) / seconds
	}
	return 0
}
