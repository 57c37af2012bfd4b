package lambda

import "testing"

func TestLineWriter_EmitsTheTextBeforeTheMarkFirst(t *testing.T) {
	var w lineWriter
	arrived := w.expect([]byte("\x00mark"))
	var lines []string
	w.emit = func(line []byte) {
		select {
		case <-arrived:
			t.Errorf("the mark was reported before the line %q was emitted", line)
		default:
		}
		lines = append(lines, string(line))
	}
	if _, err := w.Write([]byte("a line\nno newline\x00mark\n")); err != nil {
		t.Fatal(err)
	}
	<-arrived
	if len(lines) != 2 || lines[1] != "no newline" {
		t.Errorf("emitted %q", lines)
	}
}
