package emulator

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// leaveTempDir creates a folder like the temporary folder of a platform that was killed.
func leaveTempDir(t *testing.T, temp string) string {
	t.Helper()
	path := filepath.Join(temp, "eventpipeline-local-1")
	if err := os.MkdirAll(filepath.Join(path, "cdk.out"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(path, tempDirLock), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, os.ErrNotExist)
}

func TestMakeTempDir_RemovesAbandonedFolders(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	abandoned := leaveTempDir(t, temp)
	others := filepath.Join(temp, "eventpipeline-local-2") // without a lock
	if err := os.Mkdir(others, 0o700); err != nil {
		t.Fatal(err)
	}
	first, err := makeTempDir()
	if err != nil {
		t.Fatal(err)
	}
	second, err := makeTempDir()
	if err != nil {
		t.Fatal(err)
	}
	if exists(abandoned) || !exists(others) || !exists(first.path) || !exists(second.path) {
		t.Errorf(
			"abandoned: %t, others: %t, running: %t, %t",
			exists(abandoned),
			exists(others),
			exists(first.path),
			exists(second.path),
		)
	}
	for _, f := range []tempDir{first, second} {
		if err := f.remove(); err != nil || exists(f.path) {
			t.Errorf("%s still exists, %v", f.path, err)
		}
	}
}

func TestMakeTempDir_ReturnsDistinctFoldersConcurrently(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	folders := make(chan tempDir, 40)
	var running sync.WaitGroup
	for range 40 {
		running.Go(func() {
			f, err := makeTempDir()
			if err != nil {
				t.Error(err)
			}
			folders <- f
		})
	}
	running.Wait()
	close(folders)
	seen := make(map[string]bool)
	for f := range folders {
		if seen[f.path] || !exists(filepath.Join(f.path, tempDirLock)) {
			t.Errorf("%s was returned twice or removed", f.path)
		}
		seen[f.path] = true
	}
}
