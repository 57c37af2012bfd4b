package lambda

import (
	"bytes"
	"sync"
)

// maxLine bounds a line; what is longer comes in pieces. It is CloudWatch Logs' quota "event size".
const maxLine = 1 << 20

// lineWriter hands on whole lines.
type lineWriter struct {
	mu   sync.Mutex
	rest []byte
	emit func(line []byte)
}

func (w *lineWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := len(p)
	for {
		end := bytes.IndexByte(p, '\n')
		if end < 0 {
			break
		}
		w.line(p[:end])
		p = p[end+1:]
	}
	w.rest = append(w.rest, p...)
	for len(w.rest) > maxLine {
		w.emit(w.rest[:maxLine])
		w.rest = w.rest[maxLine:]
	}
	return n, nil
}

// line ends the line that began with what is left.
func (w *lineWriter) line(end []byte) {
	if len(w.rest) > 0 {
		end = append(w.rest, end...)
		w.rest = nil
	}
	if end = bytes.TrimSuffix(end, []byte("\r")); len(end) > 0 {
		w.emit(end)
	}
}

// flush hands on what has no newline behind it.
func (w *lineWriter) flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.line(nil)
}
