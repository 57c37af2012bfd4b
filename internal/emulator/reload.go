package emulator

import (
	"context"
	"errors"
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
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

// reloader synthesizes the app again when the app's sources change, and replaces changed functions.
type reloader struct {
	dir      string // absolute path of the app's folder
	watcher  *watch.Watcher
	builds   *builds
	provider *resources.Provider
	record   func(activity.Step)
	now      func() time.Time

	reported []string // Difference.Restart of the last reload
}

// newReloader starts to watch the app's sources. It ignores the data folder and Options.NotSources.
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

// watchModules adds the Go modules of the stacks' custom workers to the watched sources. If a file
// of a module changed after begin, the watcher reports this change.
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

// startReloader starts a goroutine that reloads the app when its sources change. The goroutine ends
// when the platform is closed.
func (p *Platform) startReloader(provider *resources.Provider) {
	p.reloader.provider = provider
	p.reloader.record = func(s activity.Step) { p.services.record(s, "") }
	ctx, cancel := context.WithCancel(context.Background())
	p.unwatch = cancel
	p.watched.Go(func() {
		build := func(files []string) { p.Reload(ctx, files) }
		err := p.reloader.watcher.Run(ctx, build, p.reloader.reportOutputs)
		if err != nil {
			p.fail(err)
		}
	})
}

// Reload synthesizes the app, replaces the changed functions and records the outcome as a step. If
// Reload fails, functions that it did not replace keep their old code.
//
// With Options.Watch, the platform calls Reload with the changed files. Otherwise, Reload does
// nothing.
func (p *Platform) Reload(ctx context.Context, files []string) {
	r := p.reloader
	if r == nil {
		return
	}
	begin := r.now()
	r.record(activity.Step{
		Name: activity.Changed, Details: []activity.Detail{r.filesDetail(files)},
	})
	defer r.removeOldBuilds()
	var output strings.Builder
	next, err := r.builds.nextAssembly(ctx, &output)
	err = errors.Join(err, r.watcher.EndBuild())
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

// replace replaces the functions whose code or settings changed in the newly synthesized app.
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
			Name: activity.Reloaded, Source: name,
			Details: []activity.Detail{r.secondsDetail(begin)},
		})
	}
	return d, nil
}

// reportOutcome records changes that need a restart, unless the previous reload recorded the same
// changes. If there was nothing to reload, it records a step that says so.
func (r *reloader) reportOutcome(d resources.Difference, begin time.Time) {
	var needed []activity.Detail
	if len(d.Restart) > 0 && !slices.Equal(d.Restart, r.reported) {
		needed = []activity.Detail{listDetail(activity.DetailFor, d.Restart)}
	}
	r.reported = d.Restart
	switch {
	case len(needed)+len(d.Held) > 0:
		r.record(activity.Step{
			Name: activity.RestartNeeded, Level: slog.LevelWarn,
			Details: append(needed, listDetail(activity.DetailOldCode, d.Held)),
		})
	case len(d.Functions) == 0:
		r.record(activity.Step{
			Name: activity.NothingToReload, Details: []activity.Detail{r.secondsDetail(begin)},
		})
	}
}

// reportFailure records a failed reload, with the error and the output of the build.
func (r *reloader) reportFailure(err error, output string) {
	first, rest, _ := strings.Cut(err.Error(), "\n")
	if output != "" {
		rest = output // the error contains only the end of the output
	}
	r.record(activity.Step{
		Name: activity.NotReloaded, Level: slog.LevelError, Output: rest,
		Details: details(contract.FieldError, first),
	})
}

// reportOutputs records the files that the watcher begins to ignore.
func (r *reloader) reportOutputs(files []string) {
	r.record(activity.Step{
		Name: activity.BuildOutputIgnored, Level: slog.LevelWarn,
		Details: []activity.Detail{r.filesDetail(files)},
	})
}

func (r *reloader) removeOldBuilds() {
	if err := r.builds.removeUnused(r.provider.Lambda.CodeDirs()); err != nil {
		r.record(activity.Step{
			Name: activity.OldBuildKept, Level: slog.LevelWarn,
			Details: details(contract.FieldError, err.Error()),
		})
	}
}

// secondsDetail returns a detail with the seconds since begin, rounded to tenths.
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
	return listDetail(activity.DetailFiles, firstOf(names, 5))
}
