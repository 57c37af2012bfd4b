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

func TestDir_HoldsAllThatTheFunctionsAreBuiltFrom(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	dir, err := Dir(nil)
	if err != nil {
		t.Fatal(err)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	const module = "github.com/event-driven-cloud-platform/eventpipeline/"
	out, err := exec.Command("go", "list", "-deps", "-tags", "schemas", "-f", "{{range .GoFiles}}{{$.Dir}}/{{.}}\n{{end}}", "./functions/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for file := range strings.Lines(string(out)) {
		name, ours := strings.CutPrefix(strings.TrimSpace(file), here+"/")
		if !ours {
			continue
		}
		count++
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Errorf("%s%s is not embedded: add its package to source.go", module, name)
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
		t.Error("sources that differ share a folder")
	}
	for folder, want := range map[string]string{plain: "{}\n", dir: `{"demo.json":true}`} {
		if got, err := os.ReadFile(filepath.Join(folder, Schemas)); err != nil || string(got) != want {
			t.Errorf("%s has %q, %v; want %q", folder, got, err, want)
		}
	}
}

// A user's id does not matter to a file in place of a folder, so that root can't write below it either.
func TestDir_IsTemporaryWhereTheCacheCannotBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_CACHE_HOME", filepath.Join(file, "cache"))
	t.Setenv("HOME", file)
	wantTemporary(t)
}

// GoFunction builds with -mod=vendor where a folder above has a vendor folder.
func TestDir_IsNotBelowAVendoredModule(t *testing.T) {
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
	parent, err := temporary()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := Dir(nil)
	if err != nil || !strings.HasPrefix(dir, parent) {
		t.Fatalf("got %q, %v; want a folder below %s", dir, err, parent)
	}
	again, err := Dir(nil)
	if err != nil || again != dir {
		t.Errorf("got %q, %v the second time; want the same", again, err)
	}
	if info, err := os.Stat(parent); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%s is others' to change: %v, %v", parent, info.Mode(), err)
	}
}

// What one app builds from, another that starts later must not remove.
func TestUnpack_LeavesTheFolderOfAnotherAppAlone(t *testing.T) {
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
					if !unpacked.heldBy(dir) {
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

func TestUnpack_RepairsAFolderThatIsNotWhole(t *testing.T) {
	tree := fstest.MapFS{"a.go": {Data: []byte("package a")}, "b/b.go": {Data: []byte("package b")}, "b/b_test.go": {Data: []byte("package b")}}
	unpacked := sources{tree: tree}
	for name, damage := range map[string]func(dir string) error{
		"none":    func(string) error { return nil },
		"changed": func(dir string) error { return os.WriteFile(filepath.Join(dir, "a.go"), []byte("package x"), 0o600) },
		"missing": func(dir string) error { return os.Remove(filepath.Join(dir, "b", "b.go")) },
		"more":    func(dir string) error { return os.WriteFile(filepath.Join(dir, "c.go"), nil, 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "unpacked")
			if err := unpacked.unpack(dir); err != nil {
				t.Fatal(err)
			}
			if err := damage(dir); err != nil {
				t.Fatal(err)
			}
			if err := unpacked.unpack(dir); err != nil || !unpacked.heldBy(dir) {
				t.Errorf("the folder is not whole, %v", err)
			}
			if _, err := os.Stat(filepath.Join(dir, "b", "b_test.go")); err == nil {
				t.Error("a test was unpacked")
			}
		})
	}
}

func TestHash_ChangesWithNamesAndContentsButNotWithTests(t *testing.T) {
	base := fstest.MapFS{"a.go": {Data: []byte("ab")}, "b.go": {Data: []byte("c")}}
	of := func(change func(fstest.MapFS)) string {
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
	same := of(func(fstest.MapFS) {})
	if of(func(tree fstest.MapFS) { tree["a_test.go"] = &fstest.MapFile{} }) != same {
		t.Error("a test changes the hash")
	}
	for name, change := range map[string]func(fstest.MapFS){
		"content": func(tree fstest.MapFS) { tree["a.go"] = &fstest.MapFile{Data: []byte("xb")} },
		"name":    func(tree fstest.MapFS) { tree["c.go"] = tree["b.go"]; delete(tree, "b.go") },
		"border": func(tree fstest.MapFS) {
			tree["a.go"], tree["b.go"] = &fstest.MapFile{Data: []byte("a")}, &fstest.MapFile{Data: []byte("bc")}
		},
	} {
		if of(change) == same {
			t.Errorf("another %s does not change the hash", name)
		}
	}
}
