package emulator

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/lockfile"
)

// tempDir represents the temporary folder of a platform. It holds the cloud assemblies and the
// functions' bootstraps. Its lock ends with the process: a folder without a held lock is abandoned.
type tempDir struct {
	path string
	lock *lockfile.Lock
}

const (
	tempDirPattern = "eventpipeline-local-*"
	tempDirLock    = "lock"
)

// makeTempDir makes a folder, and removes the folders that killed platforms left behind.
func makeTempDir() (tempDir, error) {
	removeAbandoned()
	for {
		path, err := os.MkdirTemp("", tempDirPattern)
		if err != nil {
			return tempDir{}, err
		}
		lock, err := lockfile.Take(filepath.Join(path, tempDirLock))
		if err == nil {
			return tempDir{path, lock}, nil
		}
		// Another platform that starts now may take the folder for an abandoned one before it is
		// locked.
		if !errors.Is(err, lockfile.ErrHeld) && !errors.Is(err, os.ErrNotExist) {
			return tempDir{}, errors.Join(err, os.RemoveAll(path))
		}
	}
}

// removeAbandoned removes abandoned folders. It ignores those that it may not remove: another
// user's.
func removeAbandoned() {
	locks, err := filepath.Glob(filepath.Join(os.TempDir(), tempDirPattern, tempDirLock))
	if err != nil {
		return // impossible: the pattern is valid
	}
	for _, path := range locks {
		if lock, err := lockfile.Take(path); err == nil {
			_ = os.RemoveAll(filepath.Dir(path))
			_ = lock.Release()
		}
	}
}

// remove removes the folder, and holds the lock until it is gone.
func (d tempDir) remove() error {
	if d.lock == nil {
		return nil
	}
	return errors.Join(os.RemoveAll(d.path), d.lock.Release())
}
