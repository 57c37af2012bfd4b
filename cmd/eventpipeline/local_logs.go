package main

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// logFolder keeps each function's whole log in a file of its own, as CloudWatch Logs has a group for each.
type logFolder struct {
	dir   string
	mu    sync.Mutex
	files map[string]*os.File
}

func newLogFolder(dir string) (*logFolder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of the logs: %w", err)
	}
	return &logFolder{dir: dir, files: make(map[string]*os.File)}, nil
}

// write appends a line to a function's file.
func (l *logFolder) write(function string, line []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	file, ok := l.files[function]
	if !ok {
		var err error
		file, err = os.OpenFile(filepath.Join(l.dir, function+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return fmt.Errorf("open a function's log: %w", err)
		}
		l.files[function] = file
	}
	if _, err := file.Write(append(line[:len(line):len(line)], '\n')); err != nil {
		return fmt.Errorf("write a function's log: %w", err)
	}
	return nil
}

// writeOr is write for those who can't take an error: it goes to fail.
func (l *logFolder) writeOr(fail func(error)) func(function string, line []byte) {
	return func(function string, line []byte) {
		if err := l.write(function, line); err != nil {
			fail(err)
		}
	}
}
