package watch

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Sources say which files an app is made from: the Go files and module files below Roots but for tests, what Go files
// embed, and JSON, YAML and TOML files, such as schemas. Of those that lie in a root or in Dir itself only cdk.json and
// cdk.context.json count, so that a file there that something's output goes to is none.
//
// Hidden files and folders, node_modules, cdk.out and testdata are left out, and what editors write beside a file.
type Sources struct {
	Dir   string   // the app's folder, absolute
	Roots []string // folders, absolute
	// Ignore are files and folders that are written while the app runs, absolute.
	Ignore []string
}

// snapshot is what the sources were at one time.
type snapshot struct {
	files  map[string]file
	embeds []string // patterns of paths
}

type file struct {
	size     int64
	modified time.Time
	sum      [sha256.Size]byte
	embeds   []string // patterns of paths, of a Go file
}

// look reads the sources; what is unchanged since the last snapshot, by size and time, is not read again. It calls visit
// for each folder before it lists the files in it.
func (s Sources) look(last *snapshot, visit func(dir string) error) (*snapshot, error) {
	now := &snapshot{files: map[string]file{}}
	var others []string
	for _, root := range s.Roots {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			switch {
			case path != root && errors.Is(err, fs.ErrNotExist):
				return nil // it was removed meanwhile
			case err != nil:
				return err
			case entry.IsDir() && path != root && s.ignores(path):
				return filepath.SkipDir
			case entry.IsDir():
				return visitDir(visit, path)
			case !entry.Type().IsRegular() || s.ignores(path):
				return nil
			case filepath.Ext(path) != ".go":
				others = append(others, path)
				return nil
			}
			return now.read(path, last)
		})
		if err != nil {
			return nil, fmt.Errorf("watch the sources: %w", err)
		}
	}
	for _, f := range now.files {
		now.embeds = append(now.embeds, f.embeds...)
	}
	for _, path := range others { // only now it is known what is embedded
		if !s.counts(path) && !now.embedded(path) {
			continue
		}
		if err := now.read(path, last); err != nil {
			return nil, fmt.Errorf("watch the sources: %w", err)
		}
	}
	return now, nil
}

func visitDir(visit func(string) error, dir string) error {
	err := visit(dir)
	if _, gone := os.Stat(dir); errors.Is(gone, fs.ErrNotExist) {
		return filepath.SkipDir
	}
	if errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("%s is one folder too many for this system: raise fs.inotify.max_user_watches: %w", dir, err)
	}
	return err
}

// ignores tells whether nothing below the path, or the file at it, is a source.
func (s Sources) ignores(path string) bool {
	name := filepath.Base(path)
	switch {
	case strings.HasPrefix(name, "."), strings.HasPrefix(name, "#"), strings.HasSuffix(name, "~"), strings.HasSuffix(name, "_test.go"):
		return true
	case slices.Contains([]string{"node_modules", "cdk.out", "testdata"}, name):
		return true
	}
	return within(path, s.Ignore)
}

// counts tells whether a file is a source by its name.
func (s Sources) counts(path string) bool {
	name := filepath.Base(path)
	switch filepath.Ext(path) {
	case ".go", ".mod", ".sum", ".work":
		return true
	case ".json", ".yaml", ".yml", ".toml":
		dir := filepath.Dir(path)
		return dir != s.Dir && !slices.Contains(s.Roots, dir) || name == "cdk.json" || name == "cdk.context.json"
	}
	return false
}

// mayHold tells whether what happened at a path may have changed a source.
func (s Sources) mayHold(path string, last *snapshot) bool {
	if s.ignores(path) {
		return false
	}
	if s.counts(path) || last.embedded(path) {
		return true
	}
	info, err := os.Stat(path)
	return err != nil || info.IsDir()
}

// read notes the file at a path, unless it is gone.
func (n *snapshot) read(path string, last *snapshot) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if last != nil {
		if f, ok := last.files[path]; ok && f.size == info.Size() && f.modified.Equal(info.ModTime()) {
			n.files[path] = f
			return nil
		}
	}
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	f := file{size: info.Size(), modified: info.ModTime(), sum: sha256.Sum256(content)}
	if filepath.Ext(path) == ".go" {
		f.embeds = embeds(filepath.Dir(path), string(content))
	}
	n.files[path] = f
	return nil
}

// embeds lists the patterns of a Go file's embed directives, with the folder in front.
func embeds(dir, content string) []string {
	var patterns []string
	for line := range strings.Lines(content) {
		directive, ok := strings.CutPrefix(line, "//go:embed ")
		if !ok {
			continue
		}
		for _, pattern := range strings.Fields(directive) {
			pattern = strings.TrimPrefix(strings.Trim(pattern, "\"`"), "all:")
			patterns = append(patterns, filepath.Join(dir, filepath.FromSlash(pattern)))
		}
	}
	return patterns
}

// embedded tells whether a Go file embeds the path, or a folder that it is in.
func (n *snapshot) embedded(path string) bool {
	return slices.ContainsFunc(n.embeds, func(pattern string) bool {
		for p := path; len(p) >= len(filepath.Dir(pattern)) && p != filepath.Dir(p); p = filepath.Dir(p) {
			if matched, err := filepath.Match(pattern, p); err == nil && matched {
				return true
			}
		}
		return false
	})
}

// changedSince lists the files with another content than before, those that are new, and those that are gone.
func (n *snapshot) changedSince(before *snapshot) []string {
	var paths []string
	for path, f := range n.files {
		if old, ok := before.files[path]; !ok || old.sum != f.sum {
			paths = append(paths, path)
		}
	}
	for path := range before.files {
		if _, ok := n.files[path]; !ok {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return paths
}
