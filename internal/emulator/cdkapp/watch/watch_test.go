package watch

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fsnotify/fsnotify"
)

// write writes files below dir. files maps slash-separated paths to contents.
func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWaitForChange_ReturnsAfterQuietPeriod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		events := make(chan fsnotify.Event)
		go func() {
			for range 3 { // events of one saved file
				time.Sleep(quietPeriod / 2)
				events <- fsnotify.Event{Name: "main.go"}
			}
		}()
		begun := time.Now()
		if !waitForChange(t.Context(), events, nil, func(fsnotify.Event) bool { return true }) {
			t.Error("waitForChange returned false, want true")
		}
		if took := time.Since(begun); took != 3*quietPeriod/2+quietPeriod {
			t.Errorf("waitForChange returned after %s", took)
		}
	})
}

func TestWaitForChange_ReturnsIfEventsNeverStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		events := make(chan fsnotify.Event)
		go func() {
			for {
				select {
				case events <- fsnotify.Event{Name: "main.go"}:
					time.Sleep(quietPeriod / 2)
				case <-ctx.Done():
					return
				}
			}
		}()
		begun := time.Now()
		if !waitForChange(ctx, events, nil, func(fsnotify.Event) bool { return true }) ||
			time.Since(begun) > longestChange {
			t.Errorf("waitForChange returned after %s", time.Since(begun))
		}
		stop()
	})
}

func TestWaitForChange_IgnoresIrrelevantEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithTimeout(t.Context(), time.Hour)
		defer stop()
		events := make(chan fsnotify.Event, 1)
		events <- fsnotify.Event{Name: "notes.txt"}
		if waitForChange(ctx, events, nil, func(fsnotify.Event) bool { return false }) {
			t.Error("waitForChange returned true for an irrelevant event")
		}
	})
}

func TestWaitForChange_TreatsLostEventsAsAChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		errs := make(chan error, 1)
		errs <- fsnotify.ErrEventOverflow
		if !waitForChange(t.Context(), nil, errs, nil) {
			t.Error("waitForChange returned false, want true")
		}
	})
}

func TestSources_ContainOnlyTheFilesOfTheApp(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"go.mod":   "module app",
		"cdk.json": "{}",
		"main.go": "package main\n\n" +
			"//go:embed words.txt \"pages\"\n" +
			"//go:embed\t\"two words.txt\" `three short words.txt`\nvar files embed.FS\n",
		"words.txt":                     "embedded",
		"two words.txt":                 "embedded",
		"three short words.txt":         "embedded",
		"pages/a/index.html":            "embedded by its folder",
		"schemas/order.created.json":    "{}",
		"functions/orders/main.go":      "package main",
		"response.json":                 "output",
		"steps.txt":                     "output",
		"main_test.go":                  "package main",
		"#main.go#":                     "an editor's",
		".main.go.swp":                  "an editor's",
		"main.go~":                      "an editor's",
		".git/config.json":              "{}",
		"node_modules/a/package.json":   "{}",
		"cdk.out/manifest.json":         "{}",
		"internal/testdata/golden.json": "{}",
		"data/state.json":               "{}",
	})
	sources := Sources{Dir: dir, Roots: []string{dir}, Ignore: []string{filepath.Join(dir, "data")}}
	var folders []string
	seen, err := sources.takeSnapshot(
		nil,
		func(dir string) error { folders = append(folders, dir); return nil },
	)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"cdk.json",
		"functions/orders/main.go",
		"go.mod",
		"main.go",
		"pages/a/index.html",
		"schemas/order.created.json",
		"three short words.txt",
		"two words.txt",
		"words.txt",
	}
	if got := relativePaths(t, dir, seen.changedSince(&snapshot{})); !slices.Equal(got, want) {
		t.Errorf("sources\n%q, want\n%q", got, want)
	}
	got := relativePaths(t, dir, folders)
	if !slices.Equal(
		got,
		[]string{".", "functions", "functions/orders", "internal", "pages", "pages/a", "schemas"},
	) {
		t.Errorf("watched %q", got)
	}
	for name, want := range map[string]bool{
		"words.txt": true,
		"steps.txt": false,
		"new.txt":   true, // does not exist, so it may have been a folder
		"schemas":   true,
		"data/x.go": false,
	} {
		if got := sources.mayAffectSource(filepath.Join(dir, name), seen); got != want {
			t.Errorf("%s may affect a source: got %t, want %t", name, got, want)
		}
	}
}

func relativePaths(t *testing.T, dir string, paths []string) []string {
	t.Helper()
	var names []string
	for _, path := range paths {
		name, err := filepath.Rel(dir, path)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, filepath.ToSlash(name))
	}
	return names
}

func TestRun_ReportsChangedFiles(t *testing.T) {
	dir := t.TempDir()
	write(
		t,
		dir,
		map[string]string{
			"main.go":    "package main",
			"old/old.go": "package old",
			"same.go":    "package main",
		},
	)
	w, err := New(Sources{Dir: dir, Roots: []string{dir}})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	ctx, stop := context.WithCancel(t.Context())
	changes, ended := make(chan []string), make(chan error)
	go func() {
		build := func(files []string) { changes <- relativePaths(t, dir, files) }
		ended <- w.Run(ctx, build, failOnOutputs(t))
	}()

	// Run can report the expected files in one call or in several calls.
	expect := func(want ...string) {
		t.Helper()
		for len(want) > 0 {
			select {
			case got := <-changes:
				for _, name := range got {
					if !slices.Contains(want, name) {
						t.Fatalf("%s changed, want %q", name, want)
					}
					want = slices.DeleteFunc(want, func(w string) bool { return w == name })
				}
			case <-time.After(time.Minute):
				t.Fatalf("Run did not report %q", want)
			}
		}
	}
	write(t, dir, map[string]string{"same.go": "package main"}) // the content does not change
	write(t, dir, map[string]string{"main.go": "package main // new"})
	expect("main.go")
	write(t, dir, map[string]string{"new/deep/new.go": "package deep"})
	expect("new/deep/new.go")
	write(t, dir, map[string]string{"new/deep/new.go": "package deep // known by now"})
	expect("new/deep/new.go")
	if err := os.RemoveAll(filepath.Join(dir, "old")); err != nil {
		t.Fatal(err)
	}
	expect("old/old.go")
	write(t, dir, map[string]string{"old/old.go": "package old // again"})
	expect("old/old.go")
	if err := os.Rename(filepath.Join(dir, "main.go"), filepath.Join(dir, "app.go")); err != nil {
		t.Fatal(err)
	}
	expect("main.go", "app.go")
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// failOnOutputs returns a callback for Run. The callback fails the test.
func failOnOutputs(t *testing.T) func([]string) {
	return func(files []string) { t.Errorf("Run ignores %q, want none", files) }
}

func TestRun_ReportsChangesDuringCall(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"a.go": "package a", "b.go": "package a"})
	w, err := New(Sources{Dir: dir, Roots: []string{dir}})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	write(t, dir, map[string]string{"a.go": "package a // before Run"})
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	var seen []string
	err = w.Run(ctx, func(files []string) {
		if seen = append(seen, relativePaths(t, dir, files)...); len(seen) == 1 {
			write(t, dir, map[string]string{"b.go": "package a // during a build"})
			return
		}
		stop()
	}, failOnOutputs(t))
	if err != nil || !slices.Equal(seen, []string{"a.go", "b.go"}) {
		t.Errorf("reported %q, %v", seen, err)
	}
}

func TestAdd_ReportsChangesSinceATime(t *testing.T) {
	dir := t.TempDir()
	write(
		t,
		dir,
		map[string]string{
			"app/app.go":      "package app",
			"orders/old.go":   "package orders",
			"orders/saved.go": "package orders",
		},
	)
	app, orders := filepath.Join(dir, "app"), filepath.Join(dir, "orders")
	w, err := New(Sources{Dir: app, Roots: []string{app}})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	built := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for name, saved := range map[string]time.Time{
		"app/app.go":      built.Add(time.Hour),
		"orders/old.go":   built.Add(-time.Hour),
		"orders/saved.go": built.Add(time.Hour),
	} {
		if err := os.Chtimes(filepath.Join(dir, name), saved, saved); err != nil {
			t.Fatal(err)
		}
	}
	// Run must report a new file in the app's folder even if its modification time is before the
	// build.
	write(t, dir, map[string]string{"app/new.go": "package app"})
	err = os.Chtimes(filepath.Join(app, "new.go"), built.Add(-time.Hour), built.Add(-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Add([]string{orders, filepath.Join(orders, "deeper")}, built); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	var seen []string
	err = w.Run(ctx, func(files []string) {
		seen = append(seen, relativePaths(t, dir, files)...)
		if slices.Contains(seen, "orders/old.go") {
			stop()
			return
		}
		write(t, dir, map[string]string{"orders/old.go": "package orders // another"})
	}, failOnOutputs(t))
	if want := []string{
		"app/new.go",
		"orders/saved.go",
		"orders/old.go",
	}; err != nil ||
		!slices.Equal(seen, want) {
		t.Errorf("reported %q, %v; want %q", seen, err, want)
	}
}

func TestRoots_IncludeLocalModules(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"shop/go.mod": "module shop\n\nreplace (\n" +
			"\texample.com/pipeline => ../pipeline\n" +
			"\texample.com/b => example.com/c v1.0.0\n\texample.com/d => ../gone\n)\n",
		"shop/infra/cdk.json": "{}",
		"pipeline/go.mod":     "module example.com/pipeline",
		"tools/go.mod":        "module example.com/tools",
		"go.work":             "go 1.26\n\nuse (\n\t./shop\n\t./tools\n)\n",
	})
	t.Setenv("GOWORK", "")
	got, err := Roots(filepath.Join(dir, "shop", "infra"))
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"pipeline", "shop", "tools"}; !slices.Equal(relativePaths(t, dir, got),
		want) {
		t.Errorf("roots %q, want %q", relativePaths(t, dir, got), want)
	}
	write(t, dir, map[string]string{
		"elsewhere/go.mod":             "module elsewhere\n\nreplace example.com/lib => ../lib\n",
		"elsewhere/functions/main.go":  "package main",
		"lib/go.mod":                   "module example.com/lib",
		"elsewhere/unrelated/notes.md": "",
	})
	got, err = Roots(
		filepath.Join(dir, "shop", "infra"),
		filepath.Join(dir, "elsewhere"),
		filepath.Join(dir, "shop"),
	)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{
		"elsewhere",
		"lib",
		"pipeline",
		"shop",
		"tools",
	}; !slices.Equal(relativePaths(t, dir, got), want) {
		t.Errorf("roots %q, want %q", relativePaths(t, dir, got), want)
	}
	write(t, dir, map[string]string{"shop/go.mod": "replace ("})
	if _, err := Roots(filepath.Join(dir, "shop")); err == nil || errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v for an invalid go.mod, want an error", err)
	}
}
