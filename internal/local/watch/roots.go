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

// Roots are the folders that an app in dir is made from: the folder itself, its Go module, and the modules beside it that
// its go.mod replaces others with, or that its go.work uses.
func Roots(dir string) ([]string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find the app's folder: %w", err)
	}
	roots := []string{dir}
	if file := above(dir, "go.mod"); file != "" {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read the app's module: %w", err)
		}
		module, err := modfile.Parse(file, content, nil)
		if err != nil {
			return nil, fmt.Errorf("read the app's module: %w", err)
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
			return nil, fmt.Errorf("read the app's workspace: %w", err)
		}
		work, err := modfile.ParseWork(file, content, nil)
		if err != nil {
			return nil, fmt.Errorf("read the app's workspace: %w", err)
		}
		for _, u := range work.Use {
			roots = append(roots, from(filepath.Dir(file), u.Path))
		}
	}
	return outermost(roots), nil
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
		if !slices.ContainsFunc(kept, func(k string) bool { return dir == k || strings.HasPrefix(dir, k+string(filepath.Separator)) }) {
			kept = append(kept, dir)
		}
	}
	return kept
}
