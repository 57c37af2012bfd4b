// Package source holds the Go sources that the Lambda functions are built from, so that the construct finds them
// wherever it is imported: in a checkout, from the module cache, vendored, or in a prebuilt app.
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

// Schemas is the file of the JSON Schemas that are built into the API function.
const Schemas = "internal/runtime/function/api/schemas.json"

// Dir unpacks the sources to a folder of the user's cache that is named after their hash, or to a temporary one where
// there is no cache to write to, and returns its path: a module with the functions below ./functions. What is given
// replaces files of the sources by their names; nil replaces none.
func Dir(replaced map[string][]byte) (string, error) {
	sources := sources{files, replaced}
	hash, err := sources.hash()
	if err != nil {
		return "", fmt.Errorf("hash the Lambda sources: %w", err)
	}
	var errs []error
	for _, base := range []func() (string, error){os.UserCacheDir, temporary} {
		parent, err := base()
		if err == nil {
			err = noVendorAbove(parent)
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

// temporary is one folder for the process, left for the system to clear. Its name is new and only this user may write to
// it: in a folder whose name others could know, they could change what is built.
var temporary = sync.OnceValues(func() (string, error) { return os.MkdirTemp("", "eventpipeline-") })

// noVendorAbove refuses what lies in a vendored module, such as a cache that CI keeps in the project's folder: GoFunction
// would take that module's vendor folder for the Lambdas'.
func noVendorAbove(dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	for {
		vendor := filepath.Join(dir, "vendor")
		if _, err := os.Stat(vendor); err == nil {
			return fmt.Errorf("%s is above the cache folder and would be taken for the Lambdas': set XDG_CACHE_HOME or TMPDIR to a folder outside", vendor)
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return nil
		}
		dir = parent
	}
}

// sources are a tree of files of which some have another content.
type sources struct {
	tree     fs.FS
	replaced map[string][]byte
}

// each calls fn with every file that the functions are built from. Tests are left out: they may change without the
// functions doing so.
func (s sources) each(fn func(name string, content []byte) error) error {
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
	err := s.each(func(name string, content []byte) error {
		fmt.Fprintf(sum, "%s %d\n", name, len(content))
		sum.Write(content)
		return nil
	})
	return hex.EncodeToString(sum.Sum(nil)), err
}

// unpack makes dir hold exactly the sources. They are written beside it and renamed, and a folder that holds them is
// never touched: another app may be building from it.
func (s sources) unpack(dir string) error {
	if s.heldBy(dir) {
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
	if err := os.Rename(fresh, dir); err == nil || s.heldBy(dir) { // another app may have been faster
		return nil
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	return os.Rename(fresh, dir)
}

func (s sources) write(dir string) error {
	return s.each(func(name string, content []byte) error {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		return os.WriteFile(path, content, 0o644)
	})
}

// heldBy tells whether dir has each file with its content, and nothing else.
func (s sources) heldBy(dir string) bool {
	want := 0
	err := s.each(func(name string, content []byte) error {
		want++
		got, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err == nil && string(got) != string(content) {
			err = fmt.Errorf("%s differs", name)
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
