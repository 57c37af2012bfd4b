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
)

//go:embed go.mod go.sum functions
//go:embed internal/awsconfig internal/dynamodb internal/env internal/eventbridge internal/handler internal/jsonschema internal/pipeline internal/s3 internal/sqs internal/worker
var files embed.FS

// Schemas is the file of the JSON Schemas that are built into the API function.
const Schemas = "functions/api/schemas.json"

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
			dir := filepath.Join(parent, "eventpipeline", hash)
			if err = sources.unpack(dir); err == nil {
				return dir, nil
			}
		}
		errs = append(errs, err)
	}
	return "", fmt.Errorf("unpack the Lambda sources: %w", errors.Join(errs...))
}

func temporary() (string, error) { return os.TempDir(), nil }

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

// unpack makes dir hold exactly the sources. A folder that already does is left alone; any other is replaced by a rename,
// so that two apps that synthesize at once don't see each other's half-written files.
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
	err = s.each(func(name string, content []byte) error {
		path := filepath.Join(fresh, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		return os.WriteFile(path, content, 0o644)
	})
	if err != nil {
		return err
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.Rename(fresh, dir); err != nil && !s.heldBy(dir) { // another app may have been faster
		return err
	}
	return nil
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
