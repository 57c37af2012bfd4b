package emulator

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/lockfile"
)

// folder is a temporary folder of a platform, with the cloud assembly and the functions' bootstraps in it. A lock in it,
// which ends with the process, tells others whether it is still needed.
type folder struct {
	path string
	lock *lockfile.Lock
}

const (
	folderPattern = "eventpipeline-local-*"
	folderLock    = "lock"
)

// makeFolder makes a folder, and removes those that platforms left behind which were killed.
func makeFolder() (folder, error) {
	removeAbandoned()
	for {
		path, err := os.MkdirTemp("", folderPattern)
		if err != nil {
			return folder{}, err
		}
		lock, err := lockfile.Take(filepath.Join(path, folderLock))
		if err == nil {
			return folder{path, lock}, nil
		}
		// Another platform, at its start just now, took the folder for an abandoned one: it had no lock for a moment.
		if !errors.Is(err, lockfile.ErrHeld) && !errors.Is(err, os.ErrNotExist) {
			return folder{}, errors.Join(err, os.RemoveAll(path))
		}
	}
}

// removeAbandoned leaves alone whatever it may not remove: that is another user's.
func removeAbandoned() {
	locks, err := filepath.Glob(filepath.Join(os.TempDir(), folderPattern, folderLock))
	if err != nil {
		return // the pattern is good
	}
	for _, path := range locks {
		if lock, err := lockfile.Take(path); err == nil {
			_ = os.RemoveAll(filepath.Dir(path))
			_ = lock.Release()
		}
	}
}

// remove removes the folder; the lock is held until it is gone.
func (f folder) remove() error {
	if f.lock == nil {
		return nil
	}
	return errors.Join(os.RemoveAll(f.path), f.lock.Release())
}
