package main

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// logFolder writes the log lines of each function to a separate file.
type logFolder struct {
	dir   string
	mu    sync.Mutex
	files map[string]*os.File
}

func newLogFolder(dir string) (*logFolder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create the log folder: %w", err)
	}
	return &logFolder{dir: dir, files: make(map[string]*os.File)}, nil
}

// write appends a line to a function's file.
func (l *logFolder) write(function string, line []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	file, ok := l.files[function]
	if !ok {
		path := filepath.Join(l.dir, function+".log")
		var err error
		file, err = os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return fmt.Errorf("open the log of %s: %w", function, err)
		}
		l.files[function] = file
	}
	if _, err := fmt.Fprintf(file, "%s\n", line); err != nil {
		return fmt.Errorf("write the log of %s: %w", function, err)
	}
	return nil
}
