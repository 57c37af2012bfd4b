package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// eventSource calls yield with one event after the other, until yield returns false.
type eventSource func(yield func([]byte) bool) error

// generateEvents yields count events of a type, numbered from 1.
func generateEvents(count int, eventType string) eventSource {
	return func(yield func([]byte) bool) error {
		for i := 1; i <= count; i++ {
			body, err := json.Marshal(map[string]any{
				"eventType": eventType, "message": "hello", "sequence": i,
			})
			if err != nil || !yield(body) {
				return err
			}
		}
		return nil
	}
}

// readEvents yields the events of a file, or of standard input if the name is "-".
func readEvents(stdin io.Reader, name string) eventSource {
	return func(yield func([]byte) bool) error {
		if name == "-" {
			return readLines(skipByteOrderMark(stdin), "standard input", yield)
		}
		file, err := os.Open(name)
		if err != nil {
			return err
		}
		defer file.Close()
		if ext := strings.ToLower(filepath.Ext(name)); ext == ".jsonl" || ext == ".ndjson" {
			return readLines(skipByteOrderMark(file), name, yield)
		}
		body, err := io.ReadAll(skipByteOrderMark(file))
		if err == nil {
			yield(body)
		}
		return err
	}
}

// skipByteOrderMark skips the mark with which some editors begin a file. The API rejects it.
func skipByteOrderMark(r io.Reader) io.Reader {
	const mark = "\ufeff"
	buffered := bufio.NewReader(r)
	if start, _ := buffered.Peek(len(mark)); string(start) == mark { // reading reports the error
		_, _ = buffered.Discard(len(mark))
	}
	return buffered
}

// maxLine is larger than API Gateway's maximum of 10 MB per request. An event that is too large is
// therefore rejected by the API, and not by the command.
const maxLine = 12 << 20

func readLines(r io.Reader, name string, yield func([]byte) bool) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		line := bytes.Clone(lines.Bytes())
		if len(bytes.TrimSpace(line)) > 0 && !yield(line) {
			return nil
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	return nil
}
