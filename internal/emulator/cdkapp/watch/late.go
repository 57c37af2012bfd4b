package watch

import "time"

// lateOutputs finds late outputs: files that a background process writes some time after each
// build. Changes of such a file must not cause builds: each build would cause the next one.
type lateOutputs struct {
	builds  map[string]lateBuilds // by key of a file
	ignored map[string]*lateOutput
}

// lateBuilds counts consecutive builds that the same file caused. Each time, the delay from the end
// of the build to the next change of the file was between shortest and longest.
type lateBuilds struct {
	n                 int
	shortest, longest time.Duration
}

// lateOutput holds a deadline, counted from the end of the last build. A change before the deadline
// causes no build, and extends the deadline to the time of the change plus limit.
type lateOutput struct {
	limit, deadline time.Duration
}

const (
	// buildsOfLateOutput is the number of consecutive builds that make a file a late output. Users
	// rarely save a file so often at similar intervals.
	buildsOfLateOutput = 10
	// Two delays are similar if the longer one is at most twice the shorter one plus lateSlack. On
	// a busy machine, short delays vary by seconds.
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

// add counts the changes of files during or after the last build. The parameter elapsed is the time
// since this build ended. add returns the files that need another build, and the new late outputs.
func (l *lateOutputs) add(files []changed, elapsed time.Duration) (again, found []string) {
	builds := map[string]lateBuilds{} // a file that causes no build starts from zero
	for _, f := range files {
		if l.isIgnored(f, elapsed) {
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

// isIgnored reports whether a late output changed before its deadline. Such a change needs no
// build, and extends the deadline.
func (l *lateOutputs) isIgnored(f changed, elapsed time.Duration) bool {
	ignored := false
	for _, key := range f.keys() {
		if o := l.ignored[key]; o != nil && elapsed <= o.deadline {
			o.deadline = elapsed + o.limit
			ignored = true
		}
	}
	return ignored
}

// add counts one more build. elapsed is the delay of the change that caused the build. If this
// delay is not similar to the earlier delays, the count restarts at 1.
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
