package watch

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// Run must ignore files that each build writes. n is the number of the build, from 0.
func TestRun_EndsIfBuildsWriteSources(t *testing.T) {
	for name, writeOutput := range map[string]func(t *testing.T, dir string, n int){
		"one file": func(t *testing.T, dir string, n int) {
			write(t, dir, map[string]string{"out/a.json": fmt.Sprint(n)})
		},
		"two files": func(t *testing.T, dir string, n int) {
			write(t, dir, map[string]string{"out/a.json": fmt.Sprint(n), "b.go": fmt.Sprint(n)})
		},
		"a file with a new name": func(t *testing.T, dir string, n int) {
			write(t, dir, map[string]string{fmt.Sprintf("out/%d.json", n): "{}"})
		},
		"a file that replaces the last one": func(t *testing.T, dir string, n int) {
			_ = os.Remove(filepath.Join(dir, "out", fmt.Sprintf("%d.json", n-1)))
			write(t, dir, map[string]string{fmt.Sprintf("out/%d.json", n): "{}"})
		},
		"a file that comes and goes": func(t *testing.T, dir string, n int) {
			write(t, dir, map[string]string{"out/a.json": "{}"})
			if n%2 == 1 {
				_ = os.Remove(filepath.Join(dir, "out", "a.json"))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, map[string]string{"main.go": "", "out/fixed.json": ""})
			w, err := New(Sources{Dir: dir, Roots: []string{dir}})
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			w.doubt = quietPeriod
			ctx, stop := context.WithTimeout(t.Context(), time.Minute)
			defer stop()
			builds, ignored, edits := 0, 0, 0
			edit := func() { // the user changes a source
				edits++
				write(t, dir, map[string]string{"main.go": strings.Repeat("/", edits)})
			}
			build := func() {
				writeOutput(t, dir, builds)
				builds++
				if err := w.EndBuild(); err != nil {
					t.Error(err)
				}
			}
			build() // the build before Run
			err = w.Run(ctx, func(files []string) {
				build()
				switch got := relativePaths(t, dir, files); {
				case ignored == 0:
					return
				case !slices.Equal(got, []string{"main.go"}):
					t.Errorf("build because of %q, want main.go", got)
				}
				if edits == 3 {
					stop()
					return
				}
				edit()
			}, func([]string) {
				if ignored++; ignored > 1 {
					t.Error("the output was reported again")
				}
				edit()
			})
			if err != nil || builds != buildsOfOutput+3 || ignored != 1 {
				t.Errorf("%d builds, outputs reported %d times, %v", builds, ignored, err)
			}
		})
	}
}

func TestOutputs_RequireChangesDuringBuildsOnly(t *testing.T) {
	o := newOutputs()
	main := []changed{{"main.go", false}}
	during := func(want int) {
		t.Helper()
		again, found := o.addBuild(main)
		if len(again) != want || len(found) != 1-want {
			t.Errorf("%d files need a build, found %d outputs", len(again), len(found))
		}
	}
	during(1)
	during(1)
	if !o.hasSuspect() {
		t.Error("outputs does not suspect a file that changed in two builds")
	}
	o.addBetween(main) // the user writes the file
	during(1)
	during(1)
	if again, _ := o.addBuild(nil); len(again) > 0 { // a build that does not write the file
		t.Errorf("%v need a build, want none", again)
	}
	during(1)
	during(1)
	during(0)
}

// A user can save a file after the build, while Run's build function still runs. Run must not
// treat this file as an output of the build.
func TestRun_DoesNotIgnoreFilesSavedAfterTheBuild(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"main.go": ""})
	w, err := New(Sources{Dir: dir, Roots: []string{dir}})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	builds := 0
	save := func() { write(t, dir, map[string]string{"main.go": strings.Repeat("/", builds+1)}) }
	save()
	err = w.Run(ctx, func([]string) {
		if err := w.EndBuild(); err != nil {
			t.Error(err)
		}
		if builds++; builds == 2*buildsOfOutput {
			stop()
			return
		}
		save()
	}, failOnOutputs(t))
	if err != nil || builds != 2*buildsOfOutput {
		t.Errorf("%d builds, %v", builds, err)
	}
}
