package source

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/sync/errgroup"
)

func TestDir_HasAllSourcesOfTheFunctions(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	dir, err := Dir(nil)
	if err != nil {
		t.Fatal(err)
	}
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("go", "list", "-deps", "-tags", "schemas",
		"-f", "{{range .GoFiles}}{{$.Dir}}/{{.}}\n{{end}}", "./functions/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for file := range strings.Lines(string(out)) {
		name, inModule := strings.CutPrefix(strings.TrimSpace(file), root+"/")
		if !inModule {
			continue
		}
		count++
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Errorf("%s is not embedded: add its folder to source.go", name)
		}
	}
	if count < 10 {
		t.Errorf("found only %d source files of the functions", count)
	}
}

func TestDir_ReplacesAFile(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	plain, err := Dir(nil)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := Dir(map[string][]byte{Schemas: []byte(`{"demo.json":true}`)})
	if err != nil {
		t.Fatal(err)
	}
	if dir == plain {
		t.Error("different sources have the same folder")
	}
	for folder, want := range map[string]string{plain: "{}\n", dir: `{"demo.json":true}`} {
		got, err := os.ReadFile(filepath.Join(folder, Schemas))
		if err != nil || string(got) != want {
			t.Errorf("%s has %q, %v; want %q", folder, got, err, want)
		}
	}
}

// The cache is not writable, because a file takes the place of its parent folder. The test does not
// use file permissions, because root can write to any folder.
func TestDir_IsTemporaryIfTheCacheIsNotWritable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_CACHE_HOME", filepath.Join(file, "cache"))
	t.Setenv("HOME", file)
	wantTemporary(t)
}

// If a parent folder contains a folder vendor, the CDK's GoFunction builds with -mod=vendor.
func TestDir_IsNotInsideAVendoredModule(t *testing.T) {
	project := t.TempDir()
	if err := os.Mkdir(filepath.Join(project, "vendor"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_CACHE_HOME", filepath.Join(project, "ci", "cache"))
	t.Setenv("HOME", project)
	wantTemporary(t)
}

func wantTemporary(t *testing.T) {
	t.Helper()
	parent, err := temporaryDir()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := Dir(nil)
	if err != nil || !strings.HasPrefix(dir, parent) {
		t.Fatalf("got %q, %v; want a folder in %s", dir, err, parent)
	}
	again, err := Dir(nil)
	if err != nil || again != dir {
		t.Errorf("got %q, %v the second time; want the same", again, err)
	}
	if info, err := os.Stat(parent); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%s must be writable by its owner only, got %v, %v", parent, info.Mode(), err)
	}
}

// An app must not change a folder from which another app is building.
func TestUnpack_DoesNotChangeACompleteFolder(t *testing.T) {
	tree := fstest.MapFS{}
	for i := range 50 {
		tree[fmt.Sprintf("%d/a.go", i)] = &fstest.MapFile{Data: []byte("package a")}
	}
	unpacked := sources{tree: tree}
	for range 20 {
		dir := filepath.Join(t.TempDir(), "unpacked")
		var apps errgroup.Group
		for range 4 {
			apps.Go(func() error {
				if err := unpacked.unpack(dir); err != nil {
					return err
				}
				for range 10 {
					if !unpacked.matches(dir) {
						return errors.New("the folder was changed while an app used it")
					}
				}
				return nil
			})
		}
		if err := apps.Wait(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestUnpack_RepairsAnIncompleteFolder(t *testing.T) {
	tree := fstest.MapFS{
		"a.go":        {Data: []byte("package a")},
		"b/b.go":      {Data: []byte("package b")},
		"b/b_test.go": {Data: []byte("package b")},
	}
	unpacked := sources{tree: tree}
	for name, damage := range map[string]func(dir string) error{
		"none": func(string) error { return nil },
		"changed": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "a.go"), []byte("package x"), 0o600)
		},
		"missing": func(dir string) error { return os.Remove(filepath.Join(dir, "b", "b.go")) },
		"additional": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "c.go"), nil, 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "unpacked")
			if err := unpacked.unpack(dir); err != nil {
				t.Fatal(err)
			}
			if err := damage(dir); err != nil {
				t.Fatal(err)
			}
			if err := unpacked.unpack(dir); err != nil || !unpacked.matches(dir) {
				t.Errorf("the folder does not contain the sources, %v", err)
			}
			if _, err := os.Stat(filepath.Join(dir, "b", "b_test.go")); err == nil {
				t.Error("a test was unpacked")
			}
		})
	}
}

func TestHash_CoversNamesAndContentsButNotTests(t *testing.T) {
	base := fstest.MapFS{"a.go": {Data: []byte("ab")}, "b.go": {Data: []byte("c")}}
	hashAfter := func(change func(fstest.MapFS)) string {
		tree := fstest.MapFS{}
		for name, file := range base {
			tree[name] = file
		}
		change(tree)
		sum, err := sources{tree: tree}.hash()
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	same := hashAfter(func(fstest.MapFS) {})
	if hashAfter(func(tree fstest.MapFS) { tree["a_test.go"] = &fstest.MapFile{} }) != same {
		t.Error("a test changes the hash")
	}
	for name, change := range map[string]func(fstest.MapFS){
		"content": func(tree fstest.MapFS) { tree["a.go"] = &fstest.MapFile{Data: []byte("xb")} },
		"name":    func(tree fstest.MapFS) { tree["c.go"] = tree["b.go"]; delete(tree, "b.go") },
		"border": func(tree fstest.MapFS) {
			tree["a.go"] = &fstest.MapFile{Data: []byte("a")}
			tree["b.go"] = &fstest.MapFile{Data: []byte("bc")}
		},
	} {
		if hashAfter(change) == same {
			t.Errorf("a change of the %s does not change the hash", name)
		}
	}
}
