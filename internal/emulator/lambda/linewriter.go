package lambda

import (
	"bytes"
	"sync"
)

// maxLine is the maximum length of a line in bytes: CloudWatch Logs' quota "event size". lineWriter
// splits longer lines.
const maxLine = 1 << 20

// lineWriter passes each line, without the line break, to the function emit. It skips empty lines.
type lineWriter struct {
	mu   sync.Mutex
	rest []byte // start of an incomplete line
	emit func(line []byte)

	mark    []byte        // see expect
	arrived chan struct{} // closed when mark arrives; nil if no mark is expected
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
		w.emitLine(p[:end])
		p = p[end+1:]
	}
	w.rest = append(w.rest, p...)
	for len(w.rest) > maxLine {
		w.emit(w.rest[:maxLine])
		w.rest = w.rest[maxLine:]
	}
	return n, nil
}

// emitLine emits a line. The line consists of the buffered start and the parameter tail.
func (w *lineWriter) emitLine(tail []byte) {
	if len(w.rest) > 0 {
		tail = append(w.rest, tail...)
		w.rest = nil
	}
	tail, isMarked := w.cutMark(tail)
	if tail = bytes.TrimSuffix(tail, []byte("\r")); len(tail) > 0 {
		w.emit(tail)
	}
	if isMarked {
		w.reportMark() // only after the text before the mark is emitted
	}
}

// flush emits the incomplete line.
func (w *lineWriter) flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.emitLine(nil)
}
