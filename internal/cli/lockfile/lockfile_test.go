package lockfile

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

func TestTake_AllowsOneHolderAtATime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	var holders, most atomic.Int32
	var running sync.WaitGroup
	for range 8 {
		running.Go(func() {
			for done := 0; done < 50; {
				lock, err := Take(path)
				if errors.Is(err, ErrHeld) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				most.Store(max(most.Load(), holders.Add(1)))
				holders.Add(-1)
				if err := lock.Release(); err != nil {
					t.Error(err)
				}
				done++
			}
		})
	}
	running.Wait()
	if most.Load() != 1 {
		t.Errorf("%d goroutines held the lock at the same time", most.Load())
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file still exists: %v", err)
	}
}

func TestTake_LocksTheFileThatAnEndedProcessLeft(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	lock, err := Take(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Take(path); !errors.Is(err, ErrHeld) {
		t.Errorf("taken twice: %v", err)
	}
	if err := lock.Release(); err != nil {
		t.Error(err)
	}
}

func TestTake_FailsWithoutTheFolder(t *testing.T) {
	_, err := Take(filepath.Join(t.TempDir(), "absent", "lock"))
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error = %v", err)
	}
}
