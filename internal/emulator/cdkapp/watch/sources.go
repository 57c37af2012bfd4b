package watch

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Sources defines which files below Roots are the sources of an app:
//
//   - Go files, except tests, and the files that Go files embed
//   - files of Go modules, such as go.mod
//   - JSON, YAML and TOML files, such as schemas
//
// Of the JSON, YAML and TOML files directly in Dir or in a root, only cdk.json and cdk.context.json
// are sources. Users often redirect output to other files in these folders.
//
// Hidden files and folders, node_modules, cdk.out, testdata and the backup files of editors are
// never sources.
type Sources struct {
	Dir    string   // absolute path of the app's folder
	Roots  []string // absolute paths of folders
	Ignore []string // absolute paths of files and folders that change while the app runs
}

// snapshot holds the state of the sources at one time.
type snapshot struct {
	files  map[string]file // by path
	embeds []string        // path patterns of embedded files
}

type file struct {
	size     int64
	modified time.Time
	sum      [sha256.Size]byte
	embeds   []string // path patterns of the files that a Go file embeds
}

// takeSnapshot returns a snapshot of the sources. It reads a file only if its size or modification
// time differs from the last snapshot. It calls visit for a folder before it lists the folder's
// files.
func (s Sources) takeSnapshot(last *snapshot, visit func(dir string) error) (*snapshot, error) {
	now := &snapshot{files: map[string]file{}}
	var others []string
	for _, root := range s.Roots {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			switch {
			case path != root && errors.Is(err, fs.ErrNotExist):
				return nil // the file was removed in the meantime
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
	// Read the other files last, because the Go files show which other files are embedded.
	for _, path := range others {
		if !s.isSource(path) && !now.embedded(path) {
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
		return fmt.Errorf("watch folder %s: the system can't watch more folders; "+
			"raise fs.inotify.max_user_watches: %w", dir, err)
	}
	return err
}

// ignores reports whether the watcher skips a path because of its name or because of Ignore.
func (s Sources) ignores(path string) bool {
	name := filepath.Base(path)
	switch {
	case strings.HasPrefix(name, "."), strings.HasPrefix(name, "#"), strings.HasSuffix(name, "~"),
		strings.HasSuffix(name, "_test.go"):
		return true
	case slices.Contains([]string{"node_modules", "cdk.out", "testdata"}, name):
		return true
	}
	return within(path, s.Ignore)
}

// isSource reports whether a file is a source because of its name.
func (s Sources) isSource(path string) bool {
	name := filepath.Base(path)
	switch filepath.Ext(path) {
	case ".go", ".mod", ".sum", ".work":
		return true
	case ".json", ".yaml", ".yml", ".toml":
		dir := filepath.Dir(path)
		return dir != s.Dir && !slices.Contains(s.Roots, dir) ||
			name == "cdk.json" || name == "cdk.context.json"
	}
	return false
}

// mayAffectSource reports whether a change at a path can be a change of a source.
func (s Sources) mayAffectSource(path string, last *snapshot) bool {
	if s.ignores(path) {
		return false
	}
	if s.isSource(path) || last.embedded(path) {
		return true
	}
	info, err := os.Stat(path)
	return err != nil || info.IsDir()
}

// read adds the file at a path to the snapshot. If the file does not exist, read does nothing.
func (n *snapshot) read(path string, last *snapshot) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if last != nil {
		f, ok := last.files[path]
		if ok && f.size == info.Size() && f.modified.Equal(info.ModTime()) {
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
		f.embeds = embedPatterns(filepath.Dir(path), string(content))
	}
	n.files[path] = f
	return nil
}

// embedPattern matches a pattern in an embed directive. A pattern that contains spaces must be
// quoted.
var embedPattern = regexp.MustCompile("\"(?:[^\"\\\\]|\\\\.)*\"|`[^`]*`|\\S+")

// embedPatterns returns the patterns in the embed directives of a Go file. Each pattern begins with
// dir, the path of the file's folder.
func embedPatterns(dir, content string) []string {
	var patterns []string
	for line := range strings.Lines(content) {
		directive, ok := strings.CutPrefix(line, "//go:embed")
		if !ok {
			continue
		}
		for _, pattern := range embedPattern.FindAllString(directive, -1) {
			if unquoted, err := strconv.Unquote(pattern); err == nil {
				pattern = unquoted
			}
			pattern = filepath.FromSlash(strings.TrimPrefix(pattern, "all:"))
			patterns = append(patterns, filepath.Join(dir, pattern))
		}
	}
	return patterns
}

// embedded reports whether a Go file embeds the file at path, or a folder that contains the file.
func (n *snapshot) embedded(path string) bool {
	return slices.ContainsFunc(n.embeds, func(pattern string) bool {
		shortest := len(filepath.Dir(pattern))
		for p := path; len(p) >= shortest && p != filepath.Dir(p); p = filepath.Dir(p) {
			if matched, err := filepath.Match(pattern, p); err == nil && matched {
				return true
			}
		}
		return false
	})
}

// changedSince returns the sorted paths of the files that differ from an earlier snapshot.
func (n *snapshot) changedSince(earlier *snapshot) []string {
	var paths []string
	for path, f := range n.files {
		if old, ok := earlier.files[path]; !ok || old.sum != f.sum {
			paths = append(paths, path)
		}
	}
	for path := range earlier.files {
		if _, ok := n.files[path]; !ok {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return paths
}
