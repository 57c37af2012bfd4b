// Package lockfile locks files for one process at a time. A lock is released when its process ends,
// even if it crashes.
package lockfile

import (
	"errors"
	"fmt"
	"os"

	"github.com/gofrs/flock"
)

// ErrHeld reports that another process holds the lock.
var ErrHeld = errors.New("another process holds it")

// Lock represents a held lock.
type Lock struct{ file *flock.Flock }

// Take locks a path, at which it creates a file. It returns ErrHeld, wrapped, if the lock is held.
func Take(path string) (*Lock, error) {
	for {
		file := flock.New(path)
		ok, err := file.TryLock()
		if err != nil {
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		if !ok {
			return nil, fmt.Errorf("lock %s: %w", path, ErrHeld)
		}
		if isAt(file, path) {
			return &Lock{file}, nil
		}
		_ = file.Close() // its last holder has removed the file: try the path again
	}
}

// isAt reports whether the locked file is the one at the path.
func isAt(file *flock.Flock, path string) bool {
	locked, err := file.Stat()
	if err != nil {
		return false
	}
	current, err := os.Lstat(path)
	return err == nil && os.SameFile(locked, current)
}

// Release removes the file and frees the lock. It frees the lock even if it can't remove the file.
func (l *Lock) Release() error {
	_ = os.Remove(l.file.Path()) // before Close: then another process may hold the file
	return l.file.Close()
}
