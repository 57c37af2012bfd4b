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

// Watcher watches an app's sources.
type Watcher struct {
	sources Sources
	known   *snapshot
	events  *fsnotify.Watcher
	added   bool // Run has not looked at the roots of the last Add
}

// New starts to watch. Run reports all changes from now on.
func New(s Sources) (*Watcher, error) {
	events, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watch the sources: %w", err)
	}
	w := &Watcher{sources: s, events: events}
	if w.known, err = s.look(nil, events.Add); err != nil {
		return nil, errors.Join(err, events.Close())
	}
	return w, nil
}

// Add also watches further roots. Files in them that changed after since count as changed. Call it
// before Run, or from the function that Run calls.
func (w *Watcher) Add(roots []string, since time.Time) error {
	before := w.sources.Roots
	w.sources.Roots = outermost(slices.Concat(before, roots))
	if slices.Equal(w.sources.Roots, before) {
		return nil
	}
	now, err := w.sources.look(w.known, w.events.Add)
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

// Close stops watching.
func (w *Watcher) Close() error { return w.events.Close() }

// Run calls change with the paths of the changed files, until ctx is done. Changes during a call
// lead to one more call. Run returns an error if the sources can't be watched any longer.
func (w *Watcher) Run(ctx context.Context, change func(files []string)) error {
	for w.added || waitForChange(ctx, w.events.Events, w.events.Errors, w.matters) {
		w.added = false
		now, err := w.sources.look(w.known, w.events.Add)
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

// matters reports whether an event may concern a source. A new folder may hold sources, and a
// removed path may have been one.
func (w *Watcher) matters(e fsnotify.Event) bool {
	return !e.Has(fsnotify.Chmod) && w.sources.mayHold(e.Name, w.known)
}

const (
	// quietPeriod without an event ends a change: editors write a file in several steps, and save
	// several files at once.
	quietPeriod = 100 * time.Millisecond
	// longestChange ends a change while something is written all the time.
	longestChange = 2 * time.Second
)

// waitForChange blocks until something that matters happened and it is quiet again. It returns
// false if ctx is done.
func waitForChange(
	ctx context.Context, events <-chan fsnotify.Event, errs <-chan error,
	matters func(fsnotify.Event) bool,
) bool {
	var quiet, longest <-chan time.Time // nil until something happened
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
			happened = matters(e)
		case <-errs: // events were lost, so anything may have happened
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
