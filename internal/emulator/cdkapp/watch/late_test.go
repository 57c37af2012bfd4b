package watch

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// Run must ignore a file that a process writes after each build. n is the number of the build, from
// 1.
func TestRun_EndsIfFilesChangeAfterEachBuild(t *testing.T) {
	for name, writeLate := range map[string]func(t *testing.T, dir string, n int){
		"one file": func(t *testing.T, dir string, n int) {
			write(t, dir, map[string]string{"out/a.json": fmt.Sprint(n)})
		},
		"two files": func(t *testing.T, dir string, n int) {
			write(t, dir, map[string]string{"out/a.json": fmt.Sprint(n), "b.go": fmt.Sprint(n)})
		},
		"a file with a new name": func(t *testing.T, dir string, n int) {
			write(t, dir, map[string]string{fmt.Sprintf("out/%d.json", n): "{}"})
		},
		"a file that comes and goes": func(t *testing.T, dir string, n int) {
			if n%2 == 1 {
				write(t, dir, map[string]string{"out/a.json": "{}"})
				return
			}
			_ = os.Remove(filepath.Join(dir, "out", "a.json"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, dir, map[string]string{"main.go": "", "out/fixed.json": ""})
			w, err := New(Sources{Dir: dir, Roots: []string{dir}})
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			ctx, stop := context.WithTimeout(t.Context(), time.Minute)
			defer stop()
			builds, ignored := 0, 0
			var last []string
			endBuild := func() {
				if err := w.EndBuild(); err != nil {
					t.Error(err)
				}
				builds++
				writeLate(t, dir, builds)
			}
			endBuild() // the build before Run
			err = w.Run(ctx, func(files []string) {
				last = relativePaths(t, dir, files)
				endBuild()
				if ignored > 0 {
					stop()
				}
			}, func([]string) {
				ignored++
				write(t, dir, map[string]string{"main.go": "// the user changes a source"})
			})
			if err != nil || builds != buildsOfLateOutput+1 || ignored != 1 ||
				!slices.Equal(last, []string{"main.go"}) {
				t.Errorf("%d builds, the last because of %q; outputs reported %d times, %v",
					builds, last, ignored, err)
			}
		})
	}
}

// addLate simulates builds. For each build, times contains the time from its end to a change of a
// file. addLate returns the numbers, from 1, of the builds whose change is ignored.
func addLate(l *lateOutputs, times ...time.Duration) (ignored []int) {
	for i, after := range times {
		l.endBuild()
		if again, _ := l.add([]changed{{"a.json", false}}, after); len(again) == 0 {
			ignored = append(ignored, i+1)
		}
	}
	return ignored
}

func TestLateOutputs_RequireSimilarTimes(t *testing.T) {
	const s = time.Second
	for name, test := range map[string]struct {
		times []time.Duration
		want  []int
	}{
		"the same time":   {slices.Repeat([]time.Duration{40 * s}, 12), []int{10, 11, 12}},
		"similar times":   {slices.Repeat([]time.Duration{4 * s, 13 * s}, 6), []int{10, 11, 12}},
		"different times": {slices.Repeat([]time.Duration{4 * s, 14 * s}, 6), nil},
		"a much later change of a late output": {
			append(slices.Repeat([]time.Duration{4 * s}, 10), 14*s, 13*s, 4*s), []int{10, 12, 13},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := addLate(newLateOutputs(), test.times...); !slices.Equal(got, test.want) {
				t.Errorf("ignored the changes after the builds %d, want %d", got, test.want)
			}
		})
	}
}

// If a late output changes several times after one build, its changes must not cause builds.
func TestLateOutputs_IgnoreRepeatedChangesAfterOneBuild(t *testing.T) {
	l := newLateOutputs()
	addLate(l, slices.Repeat([]time.Duration{5 * time.Second}, buildsOfLateOutput)...)
	for after := 10 * time.Second; after < time.Minute; after += 5 * time.Second {
		if again, found := l.add([]changed{{"a.json", false}}, after); len(again)+len(found) > 0 {
			t.Errorf("a change %s after the build: %q need a build, reported %q",
				after, again, found)
		}
	}
}

func TestLateOutputs_ResetTheCountIfABuildDoesNotChangeTheFile(t *testing.T) {
	l := newLateOutputs()
	times := slices.Repeat([]time.Duration{5 * time.Second}, buildsOfLateOutput-1)
	addLate(l, times...)
	l.add([]changed{{"main.go", false}}, 5*time.Second)
	if ignored := addLate(l, times...); len(ignored) > 0 {
		t.Errorf("ignored the changes after the builds %d, want none", ignored)
	}
}
