package watch

import "time"

// lateOutputs finds files that change some time after each build, because a process writes them in
// response to the build. The app may have started this process in the background. If these files
// caused builds, builds would never end.
type lateOutputs struct {
	builds  map[string]lateBuilds // by key of a file
	ignored map[string]*lateOutput
}

// lateBuilds counts consecutive builds that changes of the same file caused. shortest and longest
// are the extremes of the times from the end of a build to the next change.
type lateBuilds struct {
	n                 int
	shortest, longest time.Duration
}

// lateOutput is a file that a process writes after each build. deadline counts from the end of the
// last build. A change up to deadline causes no build, and moves deadline to limit after this
// change.
type lateOutput struct {
	limit, deadline time.Duration
}

const (
	// buildsOfLateOutput is the number of builds in a row after which a file is a late output. A
	// user may also save one file repeatedly, but rarely so often at similar intervals.
	buildsOfLateOutput = 10
	// lateSlack is the tolerance for similar times, in addition to a factor of two. A busy machine
	// needs this tolerance.
	lateSlack = 5 * time.Second
)

func newLateOutputs() *lateOutputs {
	return &lateOutputs{builds: map[string]lateBuilds{}, ignored: map[string]*lateOutput{}}
}

// endBuild records that a build ended.
func (l *lateOutputs) endBuild() {
	for _, o := range l.ignored {
		o.deadline = o.limit
	}
}

// add records files that changed during or after the last build. elapsed is the time since the end
// of this build. add returns the files that need another build, and the files that it begins to
// treat as late outputs.
func (l *lateOutputs) add(files []changed, elapsed time.Duration) (again, found []string) {
	builds := map[string]lateBuilds{} // a file that causes no build starts from zero
	for _, f := range files {
		if l.ignores(f, elapsed) {
			continue
		}
		most := lateBuilds{}
		for _, key := range f.keys() {
			builds[key] = l.builds[key].add(elapsed)
			if builds[key].n > most.n {
				most = builds[key]
			}
		}
		if most.n < buildsOfLateOutput {
			again = append(again, f.path)
			continue
		}
		found = append(found, f.path)
		limit := longestLike(most.longest)
		for _, key := range f.keys() {
			l.ignored[key] = &lateOutput{limit, elapsed + limit}
		}
	}
	if len(again) > 0 {
		l.builds = builds
	}
	return again, found
}

// ignores reports whether a file is a late output whose change needs no build. If so, ignores also
// extends the output's deadline.
func (l *lateOutputs) ignores(f changed, elapsed time.Duration) bool {
	ignored := false
	for _, key := range f.keys() {
		if o := l.ignored[key]; o != nil && elapsed <= o.deadline {
			o.deadline = elapsed + o.limit
			ignored = true
		}
	}
	return ignored
}

// add counts one more build. If the build's time differs too much from the earlier times, add
// starts to count from one.
func (b lateBuilds) add(elapsed time.Duration) lateBuilds {
	if b.n == 0 {
		return lateBuilds{1, elapsed, elapsed}
	}
	next := lateBuilds{b.n + 1, min(b.shortest, elapsed), max(b.longest, elapsed)}
	if next.longest > longestLike(next.shortest) {
		return lateBuilds{1, elapsed, elapsed}
	}
	return next
}

// longestLike returns the longest time that counts as similar to t.
func longestLike(t time.Duration) time.Duration { return 2*t + lateSlack }
