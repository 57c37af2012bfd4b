package watch

import (
	"path/filepath"
	"slices"
)

// outputs finds the files that builds write. Such a file changes during several consecutive builds,
// and never between builds. Its changes must not cause builds: each build would cause the next one.
type outputs struct {
	builds   map[string]int // key of a file → number of builds in a row during which it changed
	reported map[string]bool
}

// buildsOfOutput is the number of consecutive builds that make a file an output.
const buildsOfOutput = 3

func newOutputs() *outputs {
	return &outputs{builds: map[string]int{}, reported: map[string]bool{}}
}

// changed describes a file that changed. isNew is set if the file was added, and also if it was
// removed.
type changed struct {
	path  string
	isNew bool
}

// keys returns the keys under which changes of a file are counted. Some builds write a new file
// name each time. So added and removed files also have a key for their folder and extension.
func (c changed) keys() []string {
	if !c.isNew {
		return []string{c.path}
	}
	return []string{c.path, filepath.Join(filepath.Dir(c.path), "*"+filepath.Ext(c.path))}
}

// addBuild records the files that changed during a build. It returns the files that need another
// build, and the newly found outputs.
func (o *outputs) addBuild(files []changed) (again []changed, found []string) {
	before := o.builds
	o.builds = map[string]int{} // a file that did not change starts from zero
	for _, f := range files {
		for _, key := range f.keys() {
			o.builds[key] = before[key] + 1
		}
	}
	for _, f := range files {
		switch {
		case o.inARow(f) < buildsOfOutput:
			again = append(again, f)
		case !o.alreadyReported(f):
			found = append(found, f.path)
		}
	}
	return again, found
}

// inARow returns how many consecutive builds changed a file, counted back from the last build.
func (o *outputs) inARow(f changed) int {
	n := 0
	for _, key := range f.keys() {
		n = max(n, o.builds[key])
	}
	return n
}

// alreadyReported reports whether a file was reported before. It marks the file as reported.
func (o *outputs) alreadyReported(f changed) bool {
	reported := slices.ContainsFunc(f.keys(), func(key string) bool { return o.reported[key] })
	for _, key := range f.keys() {
		o.reported[key] = true
	}
	return reported
}

// hasSuspect reports whether one more build can make a file an output.
func (o *outputs) hasSuspect() bool {
	for _, n := range o.builds {
		if n == buildsOfOutput-1 {
			return true
		}
	}
	return false
}

// addBetween records files that changed between two builds. A user writes these files, so
// addBetween resets their counts.
func (o *outputs) addBetween(files []changed) {
	for _, f := range files {
		for _, key := range f.keys() {
			delete(o.builds, key)
		}
	}
}
