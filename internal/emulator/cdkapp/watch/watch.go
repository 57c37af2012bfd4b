// Package watch reports changes of the sources of a CDK app.
package watch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
)

// Watcher watches the sources of an app.
type Watcher struct {
	sources Sources
	known   *snapshot
	events  *fsnotify.Watcher
	outputs *outputs
	late    *lateOutputs
	during  []changed     // files that changed during the last build
	ended   time.Time     // end of the last build
	doubt   time.Duration // see doubtPeriod
}

// New starts to watch the sources. Run reports all changes that happen after New.
func New(s Sources) (*Watcher, error) {
	events, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watch the sources: %w", err)
	}
	w := &Watcher{
		sources: s, events: events, outputs: newOutputs(), late: newLateOutputs(),
		ended: time.Now(), doubt: doubtPeriod,
	}
	if w.known, err = s.takeSnapshot(nil, events.Add); err != nil {
		return nil, errors.Join(err, events.Close())
	}
	return w, nil
}

// Add starts to watch more roots. Run reports a file in these roots as changed if it was modified
// at or after start. Call Add only while Run is not running, or in Run's build function.
func (w *Watcher) Add(roots []string, start time.Time) error {
	before := w.sources.Roots
	w.sources.Roots = outermostDirs(slices.Concat(before, roots))
	if slices.Equal(w.sources.Roots, before) {
		return nil
	}
	now, err := w.sources.takeSnapshot(w.known, w.events.Add)
	if err != nil {
		return err
	}
	for path, f := range now.files {
		if !within(path, before) && f.modified.Before(start) {
			w.known.files[path] = f
		}
	}
	w.known.embeds = now.embeds
	return nil
}

// Close stops watching the sources.
func (w *Watcher) Close() error { return w.events.Close() }

// EndBuild records which files changed during a build. Run's build function must call EndBuild as
// soon as the app's process has ended. If a build precedes Run, call EndBuild between this build
// and Run.
func (w *Watcher) EndBuild() (err error) {
	w.during, err = w.compare()
	w.ended = time.Now()
	w.late.endBuild()
	return err
}

// Run calls build with the paths of changed files, until ctx is done. The first call can report
// files that changed since New. If files change during a build, Run calls build again.
//
// Run returns an error if it can't watch the sources any longer.
//
// Run reports two kinds of files to the function ignore. After that, most changes of these files
// cause no build:
//
//   - Files that change during each build, because builds write them. They cause a build only if
//     they change between two builds.
//   - Files that another process writes after each build, with a similar delay. They cause a build
//     only if the delay is much longer.
func (w *Watcher) Run(ctx context.Context, build, ignore func(files []string)) error {
	files, err := w.compareAfterBuild(ctx, ignore)
	for err == nil && ctx.Err() == nil {
		if len(files) > 0 {
			build(files)
			files, err = w.compareAfterBuild(ctx, ignore)
			continue
		}
		if waitForChange(ctx, w.events.Events, w.events.Errors, w.isRelevant) {
			files, err = w.compareBetweenBuilds(ignore)
		}
	}
	return err
}

// compareAfterBuild returns the files that changed during or after the last build and need another
// build.
func (w *Watcher) compareAfterBuild(
	ctx context.Context, ignore func(files []string),
) ([]string, error) {
	again, outputs := w.outputs.addBuild(w.during)
	w.during = nil
	if len(outputs) > 0 {
		ignore(outputs)
	}
	if len(again) > 0 && w.outputs.hasSuspect() {
		w.pause(ctx, w.doubt)
	}
	w.pause(ctx, quietPeriod) // an editor can still be saving a file
	between, err := w.compare()
	w.outputs.addBetween(between)
	return w.withoutLateOutputs(slices.Concat(again, between), ignore), err
}

// compareBetweenBuilds returns the files that changed after the last comparison and need a build.
func (w *Watcher) compareBetweenBuilds(ignore func(files []string)) ([]string, error) {
	files, err := w.compare()
	w.outputs.addBetween(files)
	return w.withoutLateOutputs(files, ignore), err
}

// withoutLateOutputs returns the sorted paths of the files that need a build. It passes new late
// outputs to the function ignore.
func (w *Watcher) withoutLateOutputs(files []changed, ignore func(files []string)) []string {
	again, outputs := w.late.add(files, time.Since(w.ended))
	if len(outputs) > 0 {
		ignore(outputs)
	}
	slices.Sort(again)
	return slices.Compact(again)
}

// compare returns the files that changed since the last comparison.
func (w *Watcher) compare() ([]changed, error) {
	now, err := w.sources.takeSnapshot(w.known, w.events.Add)
	if err != nil {
		return nil, err
	}
	before := w.known
	w.known = now
	var files []changed
	for _, path := range now.changedSince(before) {
		_, existed := before.files[path]
		_, exists := now.files[path]
		files = append(files, changed{path, !existed || !exists})
	}
	return files, nil
}

// pause waits for a period. It discards events: the caller compares all files afterwards.
func (w *Watcher) pause(ctx context.Context, period time.Duration) {
	end := time.After(period)
	for {
		select {
		case <-ctx.Done():
			return
		case <-end:
			return
		case <-w.events.Events:
		case <-w.events.Errors:
		}
	}
}

// isRelevant reports whether an event can be a change of a source. A new folder can contain
// sources, and a removed path can be a source.
func (w *Watcher) isRelevant(e fsnotify.Event) bool {
	return !e.Has(fsnotify.Chmod) && w.sources.mayAffectSource(e.Name, w.known)
}

const (
	// A change ends when no event happens for quietPeriod. Editors write a file in several steps
	// and save several files at once.
	quietPeriod = 100 * time.Millisecond
	// longestChange is the maximum duration of a change. A longer change is reported after this
	// time, even if events never stop.
	longestChange = 2 * time.Second
	// doubtPeriod is the pause before a build that can make a file an output. If a user saves the
	// file during the pause, the file does not become an output.
	doubtPeriod = 3 * time.Second
)

// waitForChange waits until a relevant change is complete. It returns false if ctx is done.
func waitForChange(
	ctx context.Context, events <-chan fsnotify.Event, errs <-chan error,
	isRelevant func(fsnotify.Event) bool,
) bool {
	var quiet, longest <-chan time.Time // nil until the first relevant event
	for {
		happened := false
		select {
		case <-ctx.Done():
			return false
		case <-quiet:
			return true
		case <-longest:
			return true
		case e := <-events:
			happened = isRelevant(e)
		case <-errs: // events were lost, so any source could have changed
			happened = true
		}
		if !happened {
			continue
		}
		quiet = time.After(quietPeriod)
		if longest == nil {
			longest = time.After(longestChange)
		}
	}
}
