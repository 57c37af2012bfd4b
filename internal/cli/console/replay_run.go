package console

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"

	"github.com/google/uuid"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/replay"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

var errOldCount = errors.New(
	"the dry run is out of date: start it again, because events may have changed")

// startReplay starts a replay with the same selection as its dry run.
func (v *view) startReplay(r *http.Request) (response, error) {
	if err := r.ParseForm(); err != nil {
		return response{}, err
	}
	id, err := strconv.Atoi(r.PostForm.Get("dryRun"))
	if err != nil {
		return response{}, errOldCount
	}
	file, err := newReplayFile()
	if err != nil {
		return response{}, err
	}
	started := v.jobs.startCounted(v.server.ctx, id, func(dryRun job) job {
		s := *dryRun.counted
		s.Replay.ID, s.File, s.Total = uuid.Must(uuid.NewV7()).String(), file, dryRun.Total
		return v.newReplay(&s)
	})
	if !started {
		return response{}, errOldCount
	}
	return response{Location: v.path("replay")}, nil
}

// replayOne replays one event. It waits a short time for the result.
func (v *view) replayOne(ctx context.Context, id string, quiet bool) (response, error) {
	item, err := v.lookUp(ctx, id)
	switch {
	case err != nil:
		return response{}, err
	case item.Status == pipeline.Enqueued:
		return response{}, fmt.Errorf("event %s is on the queue: wait until it is processed", id)
	case item.Status == pipeline.Failed && quiet:
		return response{}, fmt.Errorf("event %s is FAILED now, and the replay of a FAILED "+
			"event must publish notifications: load the page again", id)
	}
	s := &replay.State{EventID: id, Failed: item.Status == pipeline.Failed}
	s.Replay = pipeline.Replay{ID: uuid.Must(uuid.NewV7()).String(), Quiet: quiet}
	if _, err := s.FindEvent(ctx, v.Pipeline); err != nil {
		return response{}, err
	}
	if s.File, err = newReplayFile(); err != nil {
		return response{}, err
	}
	done := v.waitForJob(ctx, v.jobs.start(v.server.ctx, v.newReplay(s)))
	switch {
	case done.State == running:
		return response{Location: v.path("replay")}, nil // this page shows the progress
	case done.State == finished && done.Done == 0:
		return response{}, fmt.Errorf("event %s was not replayed, because its status has changed: "+
			"load the page again", id)
	}
	return response{Message: "The event is replayed"}, done.failure()
}

// newReplay returns a job that replays the events. The job stores its progress in a file, from
// which `eventpipeline replay` can continue.
func (v *view) newReplay(s *replay.State) job {
	file, isNew := s.File, s.Stack == ""
	from, to := timesOf(s)
	return job{
		Page: "replay", Kind: "replay", Title: "Replay " + escape(s.String()),
		From: from, To: to, Total: s.Total,
		Done: s.Counts.Sent, CanPause: true, Continue: v.command("replay", "--resume", file),
		run: func(ctx context.Context, update func(func(*job))) error {
			lock, err := replay.Lock(file)
			if err != nil {
				return err
			}
			defer lock.Release()
			if isNew {
				err = s.Bind(v.Pipeline)
				isNew = false
			} else {
				s, err = readReplay(file)
			}
			if err != nil {
				return err
			}
			return v.replay(ctx, s, update)
		},
		onStop: func() { removeReplay(file) },
	}
}

// readReplay reads the progress of a replay again, because another process may have continued the
// replay.
func readReplay(file string) (*replay.State, error) {
	s, err := replay.ReadState(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("another process has finished or stopped this replay")
	}
	return s, err
}

// removeReplay removes the file with a replay's progress. It does nothing if another process runs
// the replay. It ignores errors, because an old file does no harm.
func removeReplay(file string) {
	lock, err := replay.Lock(file)
	if err != nil {
		return
	}
	_ = os.Remove(file)
	_ = lock.Release()
}

// replay replays the events. After a successful replay, it removes the progress file.
func (v *view) replay(ctx context.Context, s *replay.State, update func(func(*job))) error {
	before := s.Counts.Sent
	err := s.Run(ctx, replay.NewReplayer(v.Pipeline, s), func(sent int) {
		update(func(j *job) { j.Done = before + sent })
	})
	update(func(j *job) {
		j.Results = append([]field{{"Replayed", formatCount(s.Counts.Sent)}},
			countFields(s.Counts)...)
		if err == nil && s.Total > 0 && s.Counts.Sent != s.Total {
			j.Problems = append(j.Problems, fmt.Sprintf("Expected %s, but replayed %s: the states "+
				"of events have changed in the meantime.", quantity(s.Total, "event"),
				formatCount(s.Counts.Sent)))
		}
	})
	if err != nil {
		return err
	}
	if s.EventID != "" && s.Counts.Sent > 0 {
		v.record(stepReplayed, s.EventID, s.Type)
	}
	return os.Remove(s.File)
}

// replayFolder returns the folder that contains the progress files of replays.
func replayFolder() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find a folder for the replay's progress: %w", err)
	}
	return filepath.Join(cache, "eventpipeline", "replays"), nil
}

const replaySuffix = ".replay.json"

// newReplayFile returns the path of a new progress file.
func newReplayFile() (string, error) {
	dir, err := replayFolder()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("create a folder for the replay's progress: %w", err)
	}
	return filepath.Join(dir, uuid.NewString()+replaySuffix), nil
}

// addUnfinishedReplays adds the pipeline's replays that an earlier run of the console has not
// finished. The user can resume or stop them. addUnfinishedReplays ignores unreadable files.
func (v *view) addUnfinishedReplays() {
	dir, err := replayFolder()
	if err != nil {
		return
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*"+replaySuffix)) // fails only for a bad pattern
	for _, file := range files {
		s, err := replay.ReadState(file)
		if err == nil && s.Stack == v.Stack && s.Queue == v.QueueURL {
			v.jobs.addPaused(v.newReplay(s))
		}
	}
}

// controlJob pauses, resumes or stops a job.
func (v *view) controlJob(r *http.Request) (response, error) {
	id, err := strconv.Atoi(r.PathValue("id"))
	if err != nil || !v.jobs.control(v.server.ctx, id, r.PathValue("action")) {
		return response{}, errors.New("the state of the job has changed: load the page again")
	}
	return response{}, nil
}
