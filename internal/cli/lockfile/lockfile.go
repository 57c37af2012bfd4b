// Package lockfile has locks that one process at a time holds, and that are free again when it ends, however it ends.
package lockfile

import (
	"errors"
	"fmt"
	"os"

	"github.com/gofrs/flock"
)

// ErrHeld is the error of Take while another holds the lock.
var ErrHeld = errors.New("another process holds it")

// Lock is a lock that is held.
type Lock struct{ file *flock.Flock }

// Take takes the lock of a path, at which it makes a file, or returns an error that is ErrHeld.
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
		_ = file.Close() // its last holder has removed it meanwhile: that lock is nobody's any more
	}
}

// isAt tells whether the file that is locked is the one at the path.
func isAt(file *flock.Flock, path string) bool {
	locked, err := file.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(path)
	return err == nil && os.SameFile(locked, there)
}

// Release removes the file and frees the lock. A file that can't be removed stays, and is free as well.
func (l *Lock) Release() error {
	_ = os.Remove(l.file.Path()) // while the lock is held: afterwards the file may be another's
	return l.file.Close()
}
