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
	added   bool // whether Add has added roots that Run has not compared yet
}

// New starts to watch the sources. Run reports all changes that happen after New.
func New(s Sources) (*Watcher, error) {
	events, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watch the sources: %w", err)
	}
	w := &Watcher{sources: s, events: events}
	if w.known, err = s.takeSnapshot(nil, events.Add); err != nil {
		return nil, errors.Join(err, events.Close())
	}
	return w, nil
}

// Add starts to watch more roots. Run reports a file in these roots as changed if the file was
// modified after since. Add is not safe for concurrent use with Run, except in the callback of Run.
func (w *Watcher) Add(roots []string, since time.Time) error {
	before := w.sources.Roots
	w.sources.Roots = outermost(slices.Concat(before, roots))
	if slices.Equal(w.sources.Roots, before) {
		return nil
	}
	now, err := w.sources.takeSnapshot(w.known, w.events.Add)
	if err != nil {
		return err
	}
	for path, f := range now.files {
		if !within(path, before) && f.modified.Before(since) {
			w.known.files[path] = f
		}
	}
	w.known.embeds, w.added = now.embeds, true
	return nil
}

// Close stops watching the sources.
func (w *Watcher) Close() error { return w.events.Close() }

// Run calls change with the paths of changed files, until ctx is done. If files change during a
// call, Run calls change once more after the call. It returns an error if it can't watch the
// sources any longer.
func (w *Watcher) Run(ctx context.Context, change func(files []string)) error {
	for w.added || waitForChange(ctx, w.events.Events, w.events.Errors, w.isRelevant) {
		w.added = false
		now, err := w.sources.takeSnapshot(w.known, w.events.Add)
		if err != nil {
			return err
		}
		files := now.changedSince(w.known)
		w.known = now
		if len(files) > 0 {
			change(files)
		}
	}
	return nil
}

// isRelevant reports whether an event may be a change of a source. A new folder may contain
// sources, and a removed path may have been a source.
func (w *Watcher) isRelevant(e fsnotify.Event) bool {
	return !e.Has(fsnotify.Chmod) && w.sources.mayAffectSource(e.Name, w.known)
}

const (
	// quietPeriod is the time without an event after which a change is complete. Editors write a
	// file in several steps and save several files at once.
	quietPeriod = 100 * time.Millisecond
	// longestChange is the time after which a change is reported even if events never stop.
	longestChange = 2 * time.Second
)

// waitForChange waits for a relevant event, and then until the change is complete. It returns false
// if ctx is done.
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
		case <-errs: // events were lost, so any source may have changed
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
