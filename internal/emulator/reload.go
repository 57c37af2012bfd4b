package emulator

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/activity"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cdkapp"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cdkapp/watch"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/lambda"
)

// reloader builds the app again when its sources change, and replaces the functions that are others then.
type reloader struct {
	dir     string // the app's folder, absolute
	watcher *watch.Watcher
	builds  *builds
	made    *provisioner
	lambda  *lambda.Service
	feed    *activity.Recorder
	now     func() time.Time

	told []string // what a restart is needed for, as far as it was told
}

// watchSources begins to watch the app's sources, without what is written while it runs.
func watchSources(o Options) (dir string, _ *watch.Watcher, err error) {
	if dir, err = filepath.Abs(o.Dir); err != nil {
		return "", nil, fmt.Errorf("find the app's folder: %w", err)
	}
	sources := watch.Sources{Dir: dir}
	if sources.Roots, err = watch.Roots(dir); err != nil {
		return "", nil, err
	}
	for _, path := range append([]string{o.Data}, o.NotSources...) {
		if path == "" {
			continue
		}
		absolute, err := filepath.Abs(path)
		if err != nil {
			return "", nil, fmt.Errorf("find %s: %w", path, err)
		}
		sources.Ignore = append(sources.Ignore, absolute)
	}
	watcher, err := watch.New(sources)
	return dir, watcher, err
}

// watchModules watches what the stacks were made from as well, as they say; begun is when that was.
func watchModules(w *watch.Watcher, dir string, stacks []cdkapp.Stack, begun time.Time) error {
	var modules []string
	for _, s := range stacks {
		modules = append(modules, s.Modules...)
	}
	roots, err := watch.Roots(dir, modules...)
	if err != nil {
		return err
	}
	return w.Add(roots, begun)
}

// run reloads with each change until ctx is done, which ends a build at once.
func (r *reloader) run(ctx context.Context) error {
	return r.watcher.Run(ctx, func(files []string) { r.reload(ctx, files) })
}

// reload serves the new code once it is built; when that fails, the old code goes on.
func (r *reloader) reload(ctx context.Context, files []string) {
	begun := r.now()
	r.tell(activity.Step{Name: "changed", Details: []activity.Detail{r.files(files)}})
	defer r.sweep()
	var output strings.Builder
	next, err := r.builds.next(ctx, &output)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		r.failed(err, cdkapp.Excerpt(output.String()))
		return
	}
	if err := watchModules(r.watcher, r.dir, next.Stacks, begun); err != nil {
		r.failed(err, "")
		return
	}
	d, err := r.made.compare(next.Stacks)
	if err != nil {
		r.failed(err, "")
		return
	}
	if err := r.replace(d.functions, begun); err != nil {
		r.failed(err, "")
		return
	}
	restart := len(d.restart) > 0 && !slices.Equal(d.restart, r.told)
	r.told = d.restart
	switch {
	case restart:
		r.tell(activity.Step{Name: "restart needed", Level: slog.LevelWarn, Details: []activity.Detail{list("for", d.restart), list("oldCode", d.held)}})
	case len(d.held) > 0:
		r.tell(activity.Step{Name: "restart needed", Level: slog.LevelWarn, Details: []activity.Detail{list("oldCode", d.held)}})
	case len(d.functions) == 0:
		r.tell(activity.Step{Name: "nothing to reload", Details: []activity.Detail{r.since(begun)}})
	}
}

func (r *reloader) replace(functions map[string]runningFunction, begun time.Time) error {
	for _, key := range slices.Sorted(maps.Keys(functions)) {
		next := functions[key]
		if err := r.lambda.CreateFunction(next.Function); err != nil {
			return fmt.Errorf("replace %s: %w", next.Name, err)
		}
		r.made.running[key] = next
		r.tell(activity.Step{Name: "reloaded", Source: next.Name, Details: []activity.Detail{r.since(begun)}})
	}
	return nil
}

// failed shows why there is no new code, with what the build printed.
func (r *reloader) failed(err error, output string) {
	first, rest, _ := strings.Cut(err.Error(), "\n")
	if output != "" {
		rest = output // the error has only its end
	}
	r.tell(activity.Step{Name: "not reloaded", Level: slog.LevelError, Details: []activity.Detail{activity.StringDetail("error", first)}, Output: rest})
}

// sweep removes the builds that no function runs from.
func (r *reloader) sweep() {
	if err := r.builds.sweep(r.lambda.CodeDirs()); err != nil {
		r.tell(activity.Step{Name: "old build kept", Level: slog.LevelWarn, Details: []activity.Detail{activity.StringDetail("error", err.Error())}})
	}
}

func (r *reloader) tell(s activity.Step) {
	r.feed.Record(func(step *activity.Step) bool {
		s.Time = step.Time
		*step = s
		return true
	})
}

// since is how long it took, in seconds, to a tenth.
func (r *reloader) since(begun time.Time) activity.Detail {
	seconds := math.Round(r.now().Sub(begun).Seconds()*10) / 10
	return activity.Detail{Name: "seconds", Value: []byte(strconv.FormatFloat(seconds, 'f', -1, 64))}
}

func (r *reloader) files(paths []string) activity.Detail {
	var names []string
	for _, path := range paths {
		if relative, err := filepath.Rel(r.dir, path); err == nil {
			path = relative
		}
		names = append(names, path)
	}
	return list("files", upTo(5, names))
}

// upTo is that many of the names, and how many more there are.
func upTo(most int, names []string) []string {
	if len(names) <= most {
		return names
	}
	return append(names[:most:most], fmt.Sprintf("and %d more", len(names)-most))
}

func list(name string, values []string) activity.Detail {
	data, err := json.Marshal(append([]string{}, values...))
	if err != nil {
		data = []byte("[]") // no string fails to marshal
	}
	return activity.Detail{Name: name, Value: data}
}

// builds are the cloud assemblies of an app, a folder for each.
type builds struct {
	app    cdkapp.App
	dir    string // holds the folders
	number int    // of the last one
}

// next synthesizes the app into a folder of its own: functions may still run from those before. What the app prints goes
// to output.
func (b *builds) next(ctx context.Context, output io.Writer) (*cdkapp.Assembly, error) {
	b.number++
	b.app.Progress = output
	b.app.Out = filepath.Join(b.dir, strconv.Itoa(b.number), "cdk.out")
	return b.app.Synthesize(ctx)
}

// sweep removes the folders that hold none of the dirs.
func (b *builds) sweep(dirs []string) error {
	entries, err := os.ReadDir(b.dir)
	if err != nil {
		return fmt.Errorf("find old builds: %w", err)
	}
	for _, entry := range entries {
		build := filepath.Join(b.dir, entry.Name()) + string(filepath.Separator)
		if slices.ContainsFunc(dirs, func(dir string) bool { return strings.HasPrefix(dir, build) }) {
			continue
		}
		if err := os.RemoveAll(build); err != nil {
			return fmt.Errorf("remove an old build: %w", err)
		}
	}
	return nil
}
