package console

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/replay"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// jobs holds the latest jobs of a pipeline.
type jobs struct {
	version atomic.Uint64 // number of the last change of a job
	mu      sync.Mutex
	last    int
	writes  int    // begins and ends of jobs that change data
	list    []*job // the newest last
}

// maxJobs limits the jobs in memory. If there are more, the console forgets finished jobs.
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
	From, To time.Time // range of the events' times of receipt; zero without a range
	State    jobState
	Done     int
	Total    int       // 0 if unknown
	Begin    time.Time // begin of the job, or of its run after the last pause
	End      time.Time
	Error    string
	Problems []string // at most maxProblems
	Results  []field
	Notes    []string              // explain the results
	Changed  []pipeline.Difference // result of a comparison; at most maxDifferences
	CanPause bool
	Continue string // command that continues the job in a terminal; "" if there is none
	Form     string // form of a dry run, to count again
	IsFresh  bool   // set in copies: the user may replay what the dry run has counted

	run     func(ctx context.Context, update func(func(*job))) error
	onStop  func()        // called when a user has stopped the job, with jobs.mu held; can be nil
	counted *replay.State // selection of a dry run
	writes  int           // value of jobs.writes at the begin
	cancel  context.CancelFunc
	wanted  jobState      // paused or stopped, if a user has asked for it
	ended   chan struct{} // closed at the end of the run; nil before the first run
	earlier int           // value of Done at Begin
}

// Limits of the results of a job.
const (
	maxProblems    = 10
	maxDifferences = 200
)

// maxCountAge is the time after which a dry run is too old for a replay. The events may have
// changed since the dry run.
const maxCountAge = 10 * time.Minute

// start runs the job in the background until the job ends or ctx is cancelled. It returns the job's
// id.
func (s *jobs) start(ctx context.Context, j job) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.add(ctx, j)
}

// startUnlessBusy starts the job if no other job of its page is running. It reports whether it
// started the job.
func (s *jobs) startUnlessBusy(ctx context.Context, j job) (id int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.isBusy(j.Page) {
		return 0, false
	}
	return s.add(ctx, j), true
}

// startCounted starts a replay of the events that the dry run with the id has counted. The function
// next returns the replay's job. startCounted returns false if the dry run is out of date.
func (s *jobs) startCounted(ctx context.Context, id int, next func(dryRun job) job) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	dryRun := s.find(id)
	if dryRun == nil || !s.isFresh(dryRun) {
		return false
	}
	s.add(ctx, next(*dryRun))
	return true
}

// add adds and runs the job. The caller holds s.mu.
func (s *jobs) add(ctx context.Context, j job) int {
	s.insert(&j)
	s.resume(ctx, &j)
	return j.ID
}

// addPaused adds a job that a user can resume.
func (s *jobs) addPaused(j job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	j.State, j.Begin = paused, time.Now()
	j.End = j.Begin
	s.insert(&j)
}

// insert adds the job to the list. The caller holds s.mu.
func (s *jobs) insert(j *job) {
	s.last++
	j.ID = s.last
	s.list = append(s.list, j)
	for i := 0; len(s.list) > maxJobs && i < len(s.list); {
		if old := s.list[i]; old.State == running || old.CanResume() || old == j {
			i++
			continue
		}
		s.list = slices.Delete(s.list, i, i+1)
	}
}

// resume runs the job. The caller holds s.mu.
func (s *jobs) resume(ctx context.Context, j *job) {
	ctx, j.cancel = context.WithCancel(ctx)
	j.State, j.Error, j.Begin, j.End = running, "", time.Now(), time.Time{}
	j.Results, j.earlier, j.wanted, j.ended = nil, j.Done, "", make(chan struct{})
	s.countWrite(j)
	j.writes = s.writes
	s.version.Add(1)
	update := func(change func(*job)) {
		s.mu.Lock()
		defer s.mu.Unlock()
		change(j)
		s.version.Add(1)
	}
	cancel, ended := j.cancel, j.ended // a user can resume the job before this run has returned
	go func() {
		defer close(ended)
		defer cancel()
		err := j.run(ctx, update)
		update(func(j *job) {
			j.End = time.Now()
			switch {
			case err == nil:
				j.State = finished
			case j.wanted != "":
				j.State = j.wanted
			case ctx.Err() != nil:
				j.State = stopped
			default:
				j.State, j.Error = broken, escape(err.Error())
			}
			if j.State == stopped && j.wanted == stopped && j.onStop != nil {
				j.onStop()
			}
			s.countWrite(j)
		})
	}()
}

// countWrite counts the start or the end of a job that changes data. The caller holds s.mu.
func (s *jobs) countWrite(j *job) {
	if j.Kind != "count" && j.Kind != "compare" {
		s.writes++
	}
}

// isFresh reports whether the user may replay the events that the dry run has counted. It returns
// false after a later dry run or a change of data. The caller holds s.mu.
func (s *jobs) isFresh(dryRun *job) bool {
	return dryRun.Kind == "count" && dryRun.State == finished && dryRun.Total > 0 &&
		dryRun.writes == s.writes && time.Since(dryRun.End) < maxCountAge &&
		!slices.ContainsFunc(s.list, func(j *job) bool {
			return j.Kind == "count" && j.ID > dryRun.ID
		})
}

// CanResume reports whether a user can resume the job.
func (j job) CanResume() bool {
	return j.State == paused || j.State == broken && j.CanPause
}

// control pauses, stops or resumes a job. It reports whether the job's state allows this.
func (s *jobs) control(ctx context.Context, id int, action string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	j := s.find(id)
	switch {
	case j == nil:
		return false
	case action == "pause" && j.State == running && j.CanPause && j.wanted == "":
		j.wanted = paused
		j.cancel()
	case action == "stop" && j.State == running:
		j.wanted = stopped // even if the job is about to pause
		j.cancel()
	case action == "stop" && j.CanResume():
		j.State = stopped
		s.version.Add(1)
		if j.onStop != nil {
			j.onStop()
		}
	case action == "resume" && j.CanResume():
		s.resume(ctx, j)
	default:
		return false
	}
	return true
}

// find returns the job with the id, or nil. The caller holds s.mu.
func (s *jobs) find(id int) *job {
	for _, j := range s.list {
		if j.ID == id {
			return j
		}
	}
	return nil
}

// wait waits until the job's current run ends or ctx is done. It returns a copy of the job.
func (s *jobs) wait(ctx context.Context, id int) job {
	s.mu.Lock()
	j := s.find(id)
	if j == nil {
		s.mu.Unlock()
		return job{ID: id, State: running} // the page shows the job no longer
	}
	ended := j.ended
	s.mu.Unlock()
	select {
	case <-ended:
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.copyOf(j)
}

// waitForAll waits until all running jobs have ended or ctx is done.
func (s *jobs) waitForAll(ctx context.Context) {
	s.mu.Lock()
	var all []chan struct{}
	for _, j := range s.list {
		if j.ended != nil {
			all = append(all, j.ended)
		}
	}
	s.mu.Unlock()
	for _, ended := range all {
		select {
		case <-ended:
		case <-ctx.Done():
			return
		}
	}
}

// copyOf returns a copy that can be read without a lock. The caller holds s.mu.
func (s *jobs) copyOf(j *job) job {
	copied := *j
	copied.Problems = slices.Clone(j.Problems)
	copied.Changed = slices.Clone(j.Changed)
	copied.IsFresh = s.isFresh(j)
	return copied
}

// pageJobs returns copies of a page's jobs, the newest first.
func (s *jobs) pageJobs(page string) []job {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []job
	for _, j := range slices.Backward(s.list) {
		if j.Page == page {
			found = append(found, s.copyOf(j))
		}
	}
	return found
}

// jobGroups holds the jobs of a page. The page folds the earlier jobs to save space.
type jobGroups struct{ Current, Earlier []job }

// groupJobs groups the jobs, the newest first. Current holds the newest job, each job that the user
// can control, and each dry run whose events the user can replay.
func groupJobs(jobs []job) (groups jobGroups) {
	for i, j := range jobs {
		if i == 0 || j.State == running || j.CanResume() || j.IsFresh {
			groups.Current = append(groups.Current, j)
		} else {
			groups.Earlier = append(groups.Earlier, j)
		}
	}
	return groups
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

// Took returns how long the job has run since its start, or since it was last resumed.
func (j job) Took() time.Duration {
	if j.End.IsZero() {
		return time.Since(j.Begin)
	}
	return j.End.Sub(j.Begin)
}

// Rate returns the job's events per second since its start, or since it was last resumed.
func (j job) Rate() float64 {
	if seconds := j.Took().Seconds(); seconds > 0 {
		return float64(j.Done-j.earlier) / seconds
	}
	return 0
}
