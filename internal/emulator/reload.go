package emulator

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/activity"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cdkapp"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cdkapp/watch"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/resources"
)

// reloader synthesizes the app again when its sources change, and replaces changed functions.
type reloader struct {
	dir      string // of the app, absolute
	watcher  *watch.Watcher
	builds   *builds
	provider *resources.Provider
	record   func(activity.Step)
	now      func() time.Time

	reported []string // what the last "restart needed" step named
}

// newReloader starts to watch the app's sources, except for what is written while it runs.
func newReloader(o Options, b *builds) (*reloader, error) {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("find the app's folder: %w", err)
	}
	sources := watch.Sources{Dir: dir}
	if sources.Roots, err = watch.Roots(dir); err != nil {
		return nil, err
	}
	for _, path := range append([]string{o.Data}, o.NotSources...) {
		if path == "" {
			continue
		}
		absolute, err := filepath.Abs(path)
		if err != nil {
			return nil, fmt.Errorf("find %s: %w", path, err)
		}
		sources.Ignore = append(sources.Ignore, absolute)
	}
	watcher, err := watch.New(sources)
	if err != nil {
		return nil, err
	}
	return &reloader{dir: dir, watcher: watcher, builds: b, now: o.Now}, nil
}

// watchModules also watches the modules that the stacks were made from, for changes since begin.
func (r *reloader) watchModules(stacks []cdkapp.Stack, begin time.Time) error {
	var modules []string
	for _, s := range stacks {
		modules = append(modules, s.Modules...)
	}
	roots, err := watch.Roots(r.dir, modules...)
	if err != nil {
		return err
	}
	return r.watcher.Add(roots, begin)
}

// startReloader reloads the app when its sources change, until the platform is closed.
func (p *Platform) startReloader(provider *resources.Provider) {
	p.reloader.provider = provider
	p.reloader.record = func(s activity.Step) { p.services.record(s, "") }
	ctx, cancel := context.WithCancel(context.Background())
	p.unwatch = cancel
	p.watched.Go(func() {
		err := p.reloader.watcher.Run(ctx, func(files []string) { p.Reload(ctx, files) })
		if err != nil {
			p.fail(err)
		}
	})
}

// Reload synthesizes the app and replaces the functions that changed. If that fails, the old code
// goes on. It reports the outcome as a step. With Options.Watch the platform calls it with
// the changed files. Without Options.Watch, Reload does nothing.
func (p *Platform) Reload(ctx context.Context, files []string) {
	r := p.reloader
	if r == nil {
		return
	}
	begin := r.now()
	r.record(activity.Step{Name: "changed", Details: []activity.Detail{r.filesDetail(files)}})
	defer r.removeOldBuilds()
	var output strings.Builder
	next, err := r.builds.next(ctx, &output)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		r.reportFailure(err, cdkapp.Excerpt(output.String()))
		return
	}
	difference, err := r.replace(next, begin)
	if err != nil {
		r.reportFailure(err, "")
		return
	}
	r.reportOutcome(difference, begin)
}

// replace replaces the functions that the newly synthesized app changes.
func (r *reloader) replace(
	next *cdkapp.Assembly, begin time.Time,
) (d resources.Difference, err error) {
	if err := r.watchModules(next.Stacks, begin); err != nil {
		return d, err
	}
	if d, err = r.provider.Compare(next.Stacks); err != nil {
		return d, err
	}
	for _, replacement := range d.Functions {
		name, err := r.provider.Replace(replacement)
		if err != nil {
			return d, err
		}
		r.record(activity.Step{
			Name: "reloaded", Source: name, Details: []activity.Detail{r.secondsDetail(begin)},
		})
	}
	return d, nil
}

// reportOutcome reports what needs a restart, once while it stays the same, or that nothing changed.
func (r *reloader) reportOutcome(d resources.Difference, begin time.Time) {
	var needed []activity.Detail
	if len(d.Restart) > 0 && !slices.Equal(d.Restart, r.reported) {
		needed = []activity.Detail{listDetail("for", d.Restart)}
	}
	r.reported = d.Restart
	switch {
	case len(needed)+len(d.Held) > 0:
		r.record(activity.Step{
			Name: "restart needed", Level: slog.LevelWarn,
			Details: append(needed, listDetail("oldCode", d.Held)),
		})
	case len(d.Functions) == 0:
		r.record(activity.Step{
			Name: "nothing to reload", Details: []activity.Detail{r.secondsDetail(begin)},
		})
	}
}

// reportFailure reports why there is no new code, with the output of the build.
func (r *reloader) reportFailure(err error, output string) {
	first, rest, _ := strings.Cut(err.Error(), "\n")
	if output != "" {
		rest = output // rest is only the end of it
	}
	r.record(activity.Step{
		Name: "not reloaded", Level: slog.LevelError, Output: rest,
		Details: details("error", first),
	})
}

func (r *reloader) removeOldBuilds() {
	if err := r.builds.removeUnused(r.provider.Lambda.CodeDirs()); err != nil {
		r.record(activity.Step{
			Name: "old build kept", Level: slog.LevelWarn,
			Details: details("error", err.Error()),
		})
	}
}

// secondsDetail returns the seconds since begin, rounded to tenths.
func (r *reloader) secondsDetail(begin time.Time) activity.Detail {
	return numberDetail("seconds", r.now().Sub(begin).Round(100*time.Millisecond).Seconds())
}

func (r *reloader) filesDetail(paths []string) activity.Detail {
	var names []string
	for _, path := range paths {
		if relative, err := filepath.Rel(r.dir, path); err == nil {
			path = relative
		}
		names = append(names, path)
	}
	return listDetail("files", firstOf(names, 5))
}
