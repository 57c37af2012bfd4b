package lambda

import (
	"bytes"
	"sync"
)

// maxLine is the maximum length of a line in bytes: the quota "event size" of CloudWatch Logs.
// lineWriter splits longer lines.
const maxLine = 1 << 20

// lineWriter calls emit with each line, without the line break. It skips empty lines.
type lineWriter struct {
	mu   sync.Mutex
	rest []byte // start of an incomplete line
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

// line appends end to the incomplete line and emits the result.
func (w *lineWriter) line(end []byte) {
	if len(w.rest) > 0 {
		end = append(w.rest, end...)
		w.rest = nil
	}
	if end = bytes.TrimSuffix(end, []byte("\r")); len(end) > 0 {
		w.emit(end)
	}
}

// flush emits the incomplete line.
func (w *lineWriter) flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.line(nil)
}
