package watch

import "time"

// lateOutputs finds files that change some time after each build, because a process writes them in
// response to the build. The app may have started this process in the background. If these files
// caused builds, builds would never end.
type lateOutputs struct {
	builds  map[string]lateBuilds // by key of a file
	ignored map[string]*lateOutput
}

// lateBuilds counts builds in a row, each caused by a change of the same file. The times from the
// end of a build to the next change were between shortest and longest.
type lateBuilds struct {
	n                 int
	shortest, longest time.Duration
}

// lateOutput is a file that a process writes after each build. A change within limit after the last
// build causes no build. Each of these changes extends the time by limit.
type lateOutput struct {
	limit, until time.Duration
}

const (
	// buildsOfLateOutput is the number of builds in a row after which a file is a late output.
	// Users also save one file again and again, but rarely so often after similar times.
	buildsOfLateOutput = 10
	// lateSlack is a difference of times that is always allowed, for example on a busy machine.
	lateSlack = 5 * time.Second
)

func newLateOutputs() *lateOutputs {
	return &lateOutputs{builds: map[string]lateBuilds{}, ignored: map[string]*lateOutput{}}
}

// endBuild records that a build ended.
func (l *lateOutputs) endBuild() {
	for _, o := range l.ignored {
		o.until = o.limit
	}
}

// add records files that changed since the last build, or during this build. after is the time from
// the end of the build to now. It returns the files that need another build, and the late outputs
// that it returns for the first time.
func (l *lateOutputs) add(files []changed, after time.Duration) (again, found []string) {
	builds := map[string]lateBuilds{} // a file that causes no build now starts from zero
	for _, f := range files {
		if l.ignores(f, after) {
			continue
		}
		most := lateBuilds{}
		for _, key := range f.keys() {
			builds[key] = l.builds[key].add(after)
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
			l.ignored[key] = &lateOutput{limit, after + limit}
		}
	}
	if len(again) > 0 {
		l.builds = builds
	}
	return again, found
}

// ignores reports whether a change of a late output needs no build.
func (l *lateOutputs) ignores(f changed, after time.Duration) bool {
	ignored := false
	for _, key := range f.keys() {
		if o := l.ignored[key]; o != nil && after <= o.until {
			o.until = after + o.limit
			ignored = true
		}
	}
	return ignored
}

// add adds a build. If the time differs too much from those of the other builds, add counts from
// one.
func (b lateBuilds) add(after time.Duration) lateBuilds {
	if b.n == 0 {
		return lateBuilds{1, after, after}
	}
	next := lateBuilds{b.n + 1, min(b.shortest, after), max(b.longest, after)}
	if next.longest > longestLike(next.shortest) {
		return lateBuilds{1, after, after}
	}
	return next
}

// longestLike returns the longest time that is similar to a time.
func longestLike(t time.Duration) time.Duration { return 2*t + lateSlack }
