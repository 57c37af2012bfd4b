// Package watch tells when the sources of a CDK app change.
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
	notices *fsnotify.Watcher
	added   bool // there are roots that Run has not looked at
}

// New begins to watch: what changes from now on is a change, though only Run tells of it.
func New(s Sources) (*Watcher, error) {
	notices, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watch the sources: %w", err)
	}
	w := &Watcher{sources: s, notices: notices}
	if w.known, err = s.look(nil, notices.Add); err != nil {
		return nil, errors.Join(err, notices.Close())
	}
	return w, nil
}

// Add watches further roots, too; what changed there after since is a change. It is for before Run, and for Run's change.
func (w *Watcher) Add(roots []string, since time.Time) error {
	before := w.sources.Roots
	w.sources.Roots = outermost(slices.Concat(before, roots))
	if slices.Equal(w.sources.Roots, before) {
		return nil
	}
	now, err := w.sources.look(w.known, w.notices.Add)
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

// Close ends the watch.
func (w *Watcher) Close() error { return w.notices.Close() }

// Run calls change with the paths of the files that changed, until ctx is done. While change runs, further changes
// gather for one more call. An error says that the sources can't be watched any longer.
func (w *Watcher) Run(ctx context.Context, change func(files []string)) error {
	for w.added || settled(ctx, w.notices.Events, w.notices.Errors, w.matters) {
		w.added = false
		now, err := w.sources.look(w.known, w.notices.Add)
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

// matters tells whether a notice may be about a source. Folders may hold some, and what is gone may have been one.
func (w *Watcher) matters(e fsnotify.Event) bool {
	return !e.Has(fsnotify.Chmod) && w.sources.mayHold(e.Name, w.known)
}

const (
	// quiet is how long nothing must happen for what happened to be one change: editors write a file in several steps,
	// and save several files at once.
	quiet = 100 * time.Millisecond
	// longest bounds that, where something is written all the time.
	longest = 2 * time.Second
)

// settled blocks until something that matters has happened and it is quiet again. It is false when ctx is done.
func settled(ctx context.Context, events <-chan fsnotify.Event, errs <-chan error, matters func(fsnotify.Event) bool) bool {
	var over, latest <-chan time.Time // nil until something happened
	for {
		happened := false
		select {
		case <-ctx.Done():
			return false
		case <-over:
			return true
		case <-latest:
			return true
		case e := <-events:
			happened = matters(e)
		case <-errs: // notices were lost, so anything may have happened
			happened = true
		}
		if !happened {
			continue
		}
		over = time.After(quiet)
		if latest == nil {
			latest = time.After(longest)
		}
	}
}
