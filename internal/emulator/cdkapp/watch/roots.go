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

// Roots are the folders that an app in dir is made from: the folder itself, its Go module, the given modules, and those
// beside them that a go.mod replaces others with, or that a go.work uses.
func Roots(dir string, modules ...string) ([]string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find the app's folder: %w", err)
	}
	roots := []string{dir}
	for _, folder := range append([]string{dir}, modules...) {
		found, err := modulesOf(folder)
		if err != nil {
			return nil, err
		}
		roots = append(roots, found...)
	}
	return outermost(roots), nil
}

// modulesOf are the folders of the module that dir is in, and of those beside it.
func modulesOf(dir string) ([]string, error) {
	var roots []string
	if file := above(dir, "go.mod"); file != "" {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read the module of %s: %w", dir, err)
		}
		module, err := modfile.Parse(file, content, nil)
		if err != nil {
			return nil, fmt.Errorf("read the module of %s: %w", dir, err)
		}
		roots = append(roots, filepath.Dir(file))
		for _, r := range module.Replace {
			if r.New.Version == "" {
				roots = append(roots, from(filepath.Dir(file), r.New.Path))
			}
		}
	}
	if file := above(dir, "go.work"); file != "" && os.Getenv("GOWORK") == "" {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read the workspace of %s: %w", dir, err)
		}
		work, err := modfile.ParseWork(file, content, nil)
		if err != nil {
			return nil, fmt.Errorf("read the workspace of %s: %w", dir, err)
		}
		for _, u := range work.Use {
			roots = append(roots, from(filepath.Dir(file), u.Path))
		}
	}
	return roots, nil
}

// above is the file of that name in dir or the nearest folder above it, "" when there is none.
func above(dir, name string) string {
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

func from(dir, path string) string {
	path = filepath.FromSlash(path)
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

// outermost leaves out what lies in another of the folders, and what is not there.
func outermost(dirs []string) []string {
	slices.Sort(dirs)
	var kept []string
	for _, dir := range dirs {
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
			continue // the build will say so
		}
		if !within(dir, kept) {
			kept = append(kept, dir)
		}
	}
	return kept
}

// within tells whether a path is one of the folders or in one.
func within(path string, folders []string) bool {
	return slices.ContainsFunc(folders, func(folder string) bool {
		return path == folder || strings.HasPrefix(path, folder+string(filepath.Separator))
	})
}
