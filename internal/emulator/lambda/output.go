package lambda

import (
	"bytes"
	"errors"
	"os"
	"time"

	"github.com/google/uuid"
)

// output reads the lines that a sandbox prints to stdout or stderr.
type output struct {
	*lineWriter
	read, write *os.File
	ended       chan struct{} // closed when read has no more data
}

func newOutput(emit func(line []byte)) (*output, error) {
	o := &output{lineWriter: &lineWriter{emit: emit}, ended: make(chan struct{})}
	var err error
	if o.read, o.write, err = os.Pipe(); err != nil {
		return nil, err
	}
	go func() {
		defer close(o.ended)
		_, _ = o.read.WriteTo(o.lineWriter) // ends when all writers have closed the pipe
	}()
	return o, nil
}

// outputDelay limits how long close waits for the output of an exited sandbox. A child process can
// keep the pipe open longer.
const outputDelay = time.Second

// close emits the rest of the output. It waits at most outputDelay for this output.
func (o *output) close() error {
	err := o.write.Close()
	select {
	case <-o.ended:
	case <-time.After(outputDelay):
	}
	err = errors.Join(err, o.read.Close())
	<-o.ended
	o.flush()
	return err
}

// drain waits until all printed output of the sandbox is emitted. It writes a mark into the pipe
// and waits for this mark.
func (o *output) drain() {
	mark := []byte("\x00" + uuid.NewString())
	arrived := o.expect(mark)
	if _, err := o.write.Write(append(mark, '\n')); err != nil {
		return // the sandbox has exited, and close emits everything
	}
	select {
	case <-arrived:
	case <-o.ended:
	}
}

// expect returns a channel that is closed when a line with the mark arrives.
func (w *lineWriter) expect(mark []byte) <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.mark, w.arrived = mark, make(chan struct{})
	return w.arrived
}

// cutMark removes the expected mark from the end of a line. The text before the mark is
// output of the sandbox without a newline.
func (w *lineWriter) cutMark(line []byte) (before []byte, found bool) {
	if w.arrived == nil {
		return line, false
	}
	return bytes.CutSuffix(line, w.mark)
}

// reportMark closes the channel that expect has returned.
func (w *lineWriter) reportMark() {
	close(w.arrived)
	w.arrived = nil
}

// maxTail is the maximum size, in bytes, of the log that Invoke returns if LogType is Tail.
const maxTail = 4 << 10

// log passes a line to Config.Logs. If b.keepsTail is set, it also adds the line to b.tail.
func (b *sandbox) log(line []byte) {
	b.function.service.config.Logs(b.source, line)
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.keepsTail {
		return
	}
	b.tail = append(append(b.tail, line...), '\n')
	b.tail = b.tail[max(0, len(b.tail)-maxTail):]
}

// startTail clears the tail. If keep is set, it begins to keep the end of the log.
func (b *sandbox) startTail(keep bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.keepsTail, b.tail = keep, nil
}

// endTail returns the end of the log since startTail.
func (b *sandbox) endTail() []byte {
	for _, o := range b.outputs {
		o.drain()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.keepsTail = false
	return b.tail
}
