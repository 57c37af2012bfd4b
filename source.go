// Package source embeds the Go sources of the Lambda functions. The construct builds the functions
// from these sources. It therefore works in a checkout, from the module cache, from a vendor
// folder, and in a prebuilt app.
package source

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

//go:embed go.mod go.sum functions
//go:embed internal/runtime
var files embed.FS

// Schemas is the path of the file with the JSON Schemas of the API function.
const Schemas = "internal/runtime/function/api/schemas.json"

// Dir writes the sources to a folder in the user's cache, and returns the folder's path. If the
// cache is not writable, Dir uses a temporary folder. The parameter replaced contains new contents
// of source files, by file name.
//
// The folder is named after the hash of the sources. It contains a Go module with the functions in
// ./functions.
func Dir(replaced map[string][]byte) (string, error) {
	sources := sources{files, replaced}
	hash, err := sources.hash()
	if err != nil {
		return "", fmt.Errorf("hash the Lambda sources: %w", err)
	}
	var errs []error
	for _, parentDir := range []func() (string, error){os.UserCacheDir, temporaryDir} {
		parent, err := parentDir()
		if err == nil {
			err = checkNoVendor(parent)
		}
		if err == nil {
			dir := filepath.Join(parent, "eventpipeline", hash)
			if err = sources.unpack(dir); err == nil {
				return dir, nil
			}
		}
		errs = append(errs, err)
	}
	return "", fmt.Errorf("unpack the Lambda sources: %w", errors.Join(errs...))
}

// temporaryDir creates one folder per process, with a random name. Only the current user can write
// to it, so nobody else can change the sources before a build.
var temporaryDir = sync.OnceValues(func() (string, error) {
	return os.MkdirTemp("", "eventpipeline-")
})

// checkNoVendor returns an error if dir or one of its parent folders contains a folder vendor, for
// example because a CI system keeps its cache in the project. The CDK's GoFunction would find that
// folder and build with -mod=vendor.
func checkNoVendor(dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	for {
		vendor := filepath.Join(dir, "vendor")
		if _, err := os.Stat(vendor); err == nil {
			return fmt.Errorf("the cache folder must not be in a module with a vendor folder, "+
				"got %s: set XDG_CACHE_HOME or TMPDIR to another folder", vendor)
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return nil
		}
		dir = parent
	}
}

// sources represents a tree of files. Some of its files have other contents than the tree.
type sources struct {
	tree     fs.FS
	replaced map[string][]byte // other contents, by file name
}

// forEach calls fn for each source file except tests. So a change of a test does not change the
// asset hash.
func (s sources) forEach(fn func(name string, content []byte) error) error {
	return fs.WalkDir(s.tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(name, "_test.go") {
			return err
		}
		if content, ok := s.replaced[name]; ok {
			return fn(name, content)
		}
		content, err := fs.ReadFile(s.tree, name)
		if err != nil {
			return err
		}
		return fn(name, content)
	})
}

func (s sources) hash() (string, error) {
	sum := sha256.New()
	err := s.forEach(func(name string, content []byte) error {
		fmt.Fprintf(sum, "%s %d\n", name, len(content))
		sum.Write(content)
		return nil
	})
	return hex.EncodeToString(sum.Sum(nil)), err
}

// unpack replaces the content of dir by the sources. It writes a new folder, and renames the folder
// to dir. If dir already contains the sources, unpack does not change it, because another app can
// be building from it.
func (s sources) unpack(dir string) error {
	if s.matches(dir) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	fresh, err := os.MkdirTemp(filepath.Dir(dir), "new-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(fresh)
	if err := s.write(fresh); err != nil {
		return err
	}
	if err := os.Rename(fresh, dir); err == nil || s.matches(dir) { // or another app wrote dir
		return nil
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	return os.Rename(fresh, dir)
}

func (s sources) write(dir string) error {
	return s.forEach(func(name string, content []byte) error {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		return os.WriteFile(path, content, 0o644)
	})
}

// matches reports whether dir contains each source file unchanged, and no other files.
func (s sources) matches(dir string) bool {
	want := 0
	err := s.forEach(func(name string, content []byte) error {
		want++
		got, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err == nil && string(got) != string(content) {
			err = fmt.Errorf("%s differs from the embedded file", name)
		}
		return err
	})
	got := 0
	_ = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			got++
		}
		return nil
	})
	return err == nil && got == want
}
