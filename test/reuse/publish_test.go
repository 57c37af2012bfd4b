package reuse

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	modulepath "golang.org/x/mod/module"
	"golang.org/x/mod/sumdb/dirhash"
	modzip "golang.org/x/mod/zip"
)

const module = "github.com/event-driven-cloud-platform/eventpipeline"

// publishedModule represents a version of this module that is published to a local proxy.
type publishedModule struct {
	version string
	env     []string // makes go use the proxy
}

// publish publishes this module to a proxy in the file system. Like the go command, it zips
// tracked files and omits nested modules. Unlike the go command, it includes uncommitted changes.
func publish(t *testing.T) publishedModule {
	t.Helper()
	if _, err := os.Stat(filepath.Join(root, ".git")); err != nil {
		t.Fatal("the test requires a git clone, because it publishes only tracked files")
	}
	tree := copyTrackedFiles(t)
	sum, err := dirhash.HashDir(tree, "", dirhash.Hash1)
	if err != nil {
		t.Fatal(err)
	}
	// Go caches each downloaded version, so changed content needs another version.
	version := fmt.Sprintf("v0.0.1-test.h%x", sha256.Sum256([]byte(sum)))[:30]
	var archive bytes.Buffer
	moduleVersion := modulepath.Version{Path: module, Version: version}
	if err := modzip.CreateFromDir(&archive, moduleVersion, tree); err != nil {
		t.Fatal(err)
	}
	expectContents(t, archive.Bytes())
	goMod, err := os.ReadFile(filepath.Join(tree, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}

	proxy := t.TempDir()
	versions := filepath.Join(proxy, filepath.FromSlash(module), "@v")
	if err := os.MkdirAll(versions, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"list":            []byte(version + "\n"),
		version + ".info": fmt.Appendf(nil, `{"Version":%q}`, version),
		version + ".mod":  goMod,
		version + ".zip":  archive.Bytes(),
	} {
		if err := os.WriteFile(filepath.Join(versions, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { removeFromCache(t, version) })
	return publishedModule{version, []string{
		"GOPROXY=file://" + filepath.ToSlash(proxy) + "," + goEnv(t, "GOPROXY"),
		"GONOPROXY=none",
		"GONOSUMDB=" + strings.TrimPrefix(goEnv(t, "GONOSUMDB")+","+module, ","),
	}}
}

// copyTrackedFiles copies the tracked files to a new folder. The test reads each file, so `go test`
// does not use a cached result after a change.
func copyTrackedFiles(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name := range strings.SplitSeq(commandOutput(t, "git", "-C", root, "ls-files", "-z"),
		"\x00") {
		content, err := os.ReadFile(filepath.Join(root, name))
		if name == "" || errors.Is(err, fs.ErrNotExist) { // the file was removed without a commit
			continue
		}
		if err == nil {
			err = os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), content, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// expectContents checks which files the zip of the module contains.
func expectContents(t *testing.T, archive []byte) {
	t.Helper()
	files, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, file := range files.File {
		_, name, _ := strings.Cut(file.Name, "@")
		_, name, _ = strings.Cut(name, "/")
		names[name] = true
		if strings.HasPrefix(name, "examples/") {
			t.Errorf("the module contains %s: each example must have a go.mod", name)
		}
	}
	for _, name := range []string{
		"go.mod", "LICENSE", "source.go",
		"constructs/eventpipeline/eventpipeline.go",
	} {
		if !names[name] {
			t.Errorf("the module does not contain %s", name)
		}
	}
	t.Logf("the module's zip: %d files, %d bytes", len(names), len(archive))
}

// removeFromCache removes the version from the developer's module cache.
func removeFromCache(t *testing.T, version string) {
	cache := goEnv(t, "GOMODCACHE")
	unpacked := filepath.Join(cache, filepath.FromSlash(module)+"@"+version)
	downloads, err := filepath.Glob(filepath.Join(cache, "cache", "download",
		filepath.FromSlash(module), "@v", version+".*"))
	if err != nil {
		t.Error(err)
	}
	err = filepath.WalkDir(unpacked, func(path string, entry os.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			return os.Chmod(path, 0o755) // go makes folders read-only
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	for _, path := range append(downloads, unpacked) {
		if err := os.RemoveAll(path); err != nil {
			t.Error(err)
		}
	}
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	return commandOutput(t, "go", "env", name)
}

func commandOutput(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).Output()
	if err != nil {
		t.Fatalf("%s %s: %v", name, strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(out))
}

func absolutePath(t *testing.T, path string) string {
	t.Helper()
	abs, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return abs
}
