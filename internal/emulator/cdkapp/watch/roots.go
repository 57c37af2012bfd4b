package watch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
)

// Roots returns the folders with the sources of an app in dir:
//
//   - dir and the Go module that contains it
//   - the Go module of each folder in modules
//   - the local modules that a go.mod lists under "replace", or a go.work under "use"
func Roots(dir string, modules ...string) ([]string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find the app's folder: %w", err)
	}
	roots := []string{dir}
	for _, folder := range append([]string{dir}, modules...) {
		found, err := modulesOf(folder)
		if err != nil {
			return nil, fmt.Errorf("read the modules of %s: %w", folder, err)
		}
		roots = append(roots, found...)
	}
	return outermostDirs(roots), nil
}

// modulesOf returns the folder of the Go module that contains dir. It also returns the folders of
// the local modules that a build of this module uses.
func modulesOf(dir string) ([]string, error) {
	var roots []string
	if file := findUpwards(dir, "go.mod"); file != "" {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		module, err := modfile.Parse(file, content, nil)
		if err != nil {
			return nil, err
		}
		roots = append(roots, filepath.Dir(file))
		for _, r := range module.Replace {
			if r.New.Version == "" {
				roots = append(roots, resolvePath(file, r.New.Path))
			}
		}
	}
	if file := findUpwards(dir, "go.work"); file != "" && os.Getenv("GOWORK") == "" {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		work, err := modfile.ParseWork(file, content, nil)
		if err != nil {
			return nil, err
		}
		for _, u := range work.Use {
			roots = append(roots, resolvePath(file, u.Path))
		}
	}
	return roots, nil
}

// findUpwards looks for a file in dir and then in each parent folder. It returns the path of the
// first file with the name, or "" if there is none.
func findUpwards(dir, name string) string {
	for {
		file := filepath.Join(dir, name)
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() {
			return file
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}

// resolvePath resolves a path in a go.mod or go.work. A relative path is relative to the file's
// folder.
func resolvePath(file, path string) string {
	path = filepath.FromSlash(path)
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(filepath.Dir(file), path)
}

// outermostDirs returns the folders that are not inside another of the folders. It omits folders
// that do not exist.
func outermostDirs(dirs []string) []string {
	slices.Sort(dirs)
	var kept []string
	for _, dir := range dirs {
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
			continue // the build will report the missing folder
		}
		if !within(dir, kept) {
			kept = append(kept, dir)
		}
	}
	return kept
}

// within reports whether the path is one of the folders or is inside one of them.
func within(path string, folders []string) bool {
	return slices.ContainsFunc(folders, func(folder string) bool {
		return path == folder || strings.HasPrefix(path, folder+string(filepath.Separator))
	})
}
