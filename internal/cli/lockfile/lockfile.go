// Package lockfile locks files for one process at a time. The operating system releases the lock of
// a process that crashes.
package lockfile

import (
	"errors"
	"fmt"
	"os"

	"github.com/gofrs/flock"
)

// ErrHeld reports that another process holds the lock.
var ErrHeld = errors.New("another process holds the lock")

// Lock represents a held lock.
type Lock struct{ file *flock.Flock }

// Take creates a file at path and locks it. It returns an error that wraps ErrHeld if another
// process holds the lock.
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
		_ = file.Close() // the previous holder removed this file: try again
	}
}

// isAt reports whether path still refers to the locked file.
func isAt(file *flock.Flock, path string) bool {
	locked, err := file.Stat()
	if err != nil {
		return false
	}
	current, err := os.Lstat(path)
	return err == nil && os.SameFile(locked, current)
}

// Release removes the file and releases the lock. It releases the lock even if it can't remove the
// file.
func (l *Lock) Release() error {
	_ = os.Remove(l.file.Path()) // before Close: after Close, another process can hold the file
	return l.file.Close()
}
