package console

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/replay"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// runUntilCancelled runs until the job's context ends.
func runUntilCancelled(ctx context.Context, _ func(func(*job))) error {
	<-ctx.Done()
	return ctx.Err()
}

func runNothing(context.Context, func(func(*job))) error { return nil }

// runDryRun simulates a dry run that counts three events.
func runDryRun(_ context.Context, update func(func(*job))) error {
	update(func(j *job) { j.Total = 3 })
	return nil
}

func (s *jobs) wantState(t *testing.T, id int, want jobState) {
	t.Helper()
	if got := s.wait(t.Context(), id); got.State != want {
		t.Errorf("job %d is %s, want %s", id, got.State, want)
	}
}

func TestJobs_StopsAPausedJob(t *testing.T) {
	w := newWorld(t, Options{Local: true, Write: true})
	jobs, stopped := &w.find("Orders").jobs, 0
	j := job{Page: "replay", CanPause: true, run: runUntilCancelled, onStop: func() { stopped++ }}
	control := func(id int, action string) bool { return jobs.control(w.ctx, id, action) }

	id := jobs.start(w.ctx, j)
	control(id, "pause")
	jobs.wantState(t, id, paused)
	if !control(id, "stop") || control(id, "resume") || stopped != 1 {
		t.Errorf("the paused job was stopped %d times", stopped)
	}
	jobs.wantState(t, id, "stopped")

	id = jobs.start(w.ctx, j) // the user stops the job before it has paused
	control(id, "pause")
	control(id, "stop")
	jobs.wantState(t, id, "stopped")
	if stopped != 2 {
		t.Errorf("a job that was about to pause was stopped %d times", stopped-1)
	}
}

// A tab must not report the result of a job that another tab has started.
func TestJobs_WaitsForTheJobWithTheID(t *testing.T) {
	w := newWorld(t, Options{Local: true, Write: true})
	jobs := &w.find("Orders").jobs
	failing := func(context.Context, func(func(*job))) error { return errors.New("no") }
	first := jobs.start(w.ctx, job{Page: "deadletters", run: failing})
	jobs.start(w.ctx, job{Page: "deadletters", run: runUntilCancelled})
	if got := jobs.wait(t.Context(), first); got.State != broken || got.failure() == nil {
		t.Errorf("got the job %+v", got)
	}
}

func TestJobs_ADryRunIsOutOfDateAfterAChange(t *testing.T) {
	w := newWorld(t, Options{Local: true, Write: true})
	jobs := &w.find("Orders").jobs
	count := func() int {
		id := jobs.start(w.ctx, job{Page: "replay", Kind: "count", run: runDryRun})
		jobs.wait(t.Context(), id)
		return id
	}
	start := func(id int) bool {
		return jobs.startCounted(w.ctx, id, func(dryRun job) job {
			return job{Page: "replay", Kind: "replay", run: runNothing, Total: dryRun.Total}
		})
	}
	isFresh := func(id int) bool { return jobs.wait(t.Context(), id).IsFresh }

	id := count()
	jobs.wait(t.Context(), jobs.start(w.ctx, job{Page: "replay", Kind: "compare", run: runNothing}))
	if !isFresh(id) || !start(id) {
		t.Error("the replay does not start")
	}
	if isFresh(id) || start(id) {
		t.Error("two tabs start the same replay")
	}
	for _, kind := range []string{"redrive", "discard", "replay", "count"} {
		id := count()
		jobs.wait(t.Context(), jobs.start(w.ctx, job{Page: "x", Kind: kind, run: runNothing}))
		if isFresh(id) || start(id) {
			t.Errorf("the dry run is up to date after a %s", kind)
		}
	}
	changing := jobs.start(w.ctx, job{Page: "x", Kind: "redrive", run: runUntilCancelled})
	id = count()
	jobs.control(w.ctx, changing, "stop")
	jobs.wantState(t, changing, stopped)
	if isFresh(id) {
		t.Error("the dry run is up to date although a redrive ended after it")
	}
}

// unfinishedReplay creates the progress file of an unfinished replay, and returns its path.
func unfinishedReplay(t *testing.T, v *view) string {
	t.Helper()
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	file, err := newReplayFile()
	if err != nil {
		t.Fatal(err)
	}
	s := replay.State{File: file, Type: "demo", Total: 9}
	s.Replay, s.Counts.Sent = pipeline.Replay{ID: uuid.NewString()}, 4
	if err := errors.Join(s.Bind(v.Pipeline), s.Save()); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestReplays_OfAnEarlierStartCanBeStopped(t *testing.T) {
	w := newWorld(t, Options{Write: true})
	v := w.find("Orders")
	file := unfinishedReplay(t, v)
	other := &view{Pipeline: v.Pipeline, server: v.server}
	other.QueueURL += "-other"
	other.addUnfinishedReplays()
	v.addUnfinishedReplays()
	if len(other.jobs.list) != 0 || len(v.jobs.list) != 1 {
		t.Fatalf("%d and %d jobs", len(other.jobs.list), len(v.jobs.list))
	}
	_, html := w.get(t, "/Orders/replay")
	text := strings.Join(strings.Fields(html), " ")
	if !strings.Contains(text, "Resume") || !strings.Contains(text, "4 of 9 </p>") {
		t.Errorf("the page is %s", html)
	}
	v.jobs.control(w.ctx, 1, "stop")
	if files, _ := filepath.Glob(filepath.Dir(file) + "/*"); len(files) != 0 {
		t.Errorf("the folder contains %q", files)
	}
}

// The console must not resume a replay that another process has already finished.
func TestReplays_DoNotContinueWhatAnotherProcessHasFinished(t *testing.T) {
	w := newWorld(t, Options{Write: true})
	v := w.find("Orders")
	file := unfinishedReplay(t, v)
	v.addUnfinishedReplays()
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	v.jobs.control(w.ctx, 1, "resume")
	if got := v.jobs.wait(t.Context(), 1); !strings.Contains(got.Error, "another process") {
		t.Errorf("the job is %s: %s", got.State, got.Error)
	}
}

// If the console ends during a redrive, the redrive must still make its messages visible again.
func TestServer_WaitsForItsJobs(t *testing.T) {
	w := newWorld(t, Options{Local: true, Write: true})
	begun, released := make(chan struct{}), false
	w.find("Orders").jobs.start(w.ctx, job{
		Page: "deadletters", run: func(ctx context.Context, _ func(func(*job))) error {
			close(begun)
			<-ctx.Done()
			released = true
			return ctx.Err()
		},
	})
	<-begun
	if err := w.Close(); err != nil || !released {
		t.Errorf("closed with the error %v, released %t", err, released)
	}
}

func TestChanges_NeedADryRun(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir()) // for the progress of the replay
	w := newWorld(t, Options{Local: true, Write: true})
	for path, form := range map[string]string{
		"/deadletters/redrive": "type=order", "/deadletters/discard": "dryRun=x",
		"/replay": "type=demo&from=1h", "/replay?": "dryRun=7",
	} {
		r := httptest.NewRequest("POST", "/Orders"+path, strings.NewReader(form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		recorder := httptest.NewRecorder()
		w.handler.ServeHTTP(recorder, r)
		if body := recorder.Body.String(); recorder.Code != http.StatusUnprocessableEntity ||
			!strings.Contains(body, "the dry run is out of date") {
			t.Errorf("%s: %d %s", path, recorder.Code, body)
		}
	}
}

// The page must show the newest job and the jobs that a user can control. It must fold all other
// jobs.
func TestGroupJobs_FoldsEarlierJobs(t *testing.T) {
	groups := groupJobs([]job{
		{ID: 5, State: finished}, {ID: 4, State: running}, {ID: 3, State: finished, IsFresh: true},
		{ID: 2, State: paused}, {ID: 1, State: finished}, {ID: 0, State: stopped},
	})
	ids := func(jobs []job) (list []int) {
		for _, j := range jobs {
			list = append(list, j.ID)
		}
		return list
	}
	current, earlier := ids(groups.Current), ids(groups.Earlier)
	if !slices.Equal(current, []int{5, 4, 3, 2}) || !slices.Equal(earlier, []int{1, 0}) {
		t.Errorf("the current jobs are %v, the earlier jobs are %v", current, earlier)
	}
}
