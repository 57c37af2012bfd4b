package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// eventSource calls yield once for each event, and stops when yield returns false. The event's
// bytes are valid only until yield returns.
type eventSource func(yield func([]byte) bool) error

// generateEvents yields n events of a type, numbered from 1.
func generateEvents(n int, eventType string) eventSource {
	return func(yield func([]byte) bool) error {
		quoted, err := json.Marshal(eventType)
		if err != nil {
			return err
		}
		event := fmt.Appendf(nil, `{"eventType":%s,"message":"hello","sequence":`, quoted)
		start := len(event)
		for i := 1; i <= n; i++ {
			event = append(strconv.AppendInt(event[:start], int64(i), 10), '}')
			if !yield(event) {
				break
			}
		}
		return nil
	}
}

// readEvents yields the events of files. The name "-" selects standard input.
func readEvents(stdin io.Reader, names []string) eventSource {
	return func(yield func([]byte) bool) error {
		more := true
		for _, name := range names {
			err := readFile(stdin, name, func(event []byte) bool {
				more = yield(event)
				return more
			})
			if err != nil || !more {
				return err
			}
		}
		return nil
	}
}

func readFile(stdin io.Reader, name string, yield func([]byte) bool) error {
	in, title, hasLines := stdin, "standard input", true
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return err
		}
		defer file.Close()
		ext := strings.ToLower(filepath.Ext(name))
		in, title, hasLines = file, name, ext == ".jsonl" || ext == ".ndjson"
	}
	buffered := bufio.NewReaderSize(in, 64<<10)
	isArray, err := beginsWithArray(buffered)
	switch {
	case err != nil:
	case isArray:
		err = readArray(buffered, yield)
	case hasLines:
		err = readLines(buffered, yield)
	default:
		var event []byte
		if event, err = io.ReadAll(buffered); err == nil {
			yield(event)
		}
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", title, err)
	}
	return nil
}

// beginsWithArray reports whether the input begins with an array. It skips white space and a
// byte-order mark, which some editors write. The API rejects a byte-order mark.
func beginsWithArray(r *bufio.Reader) (bool, error) {
	const mark = "\ufeff"
	if start, _ := r.Peek(len(mark)); string(start) == mark { // a read error recurs below
		_, _ = r.Discard(len(mark))
	}
	for n := 1; ; n++ {
		start, err := r.Peek(n)
		switch {
		case errors.Is(err, io.EOF) || errors.Is(err, bufio.ErrBufferFull):
			return false, nil
		case err != nil:
			return false, err
		case !strings.ContainsRune(" \t\r\n", rune(start[n-1])):
			return start[n-1] == '[', nil
		}
	}
}

// readArray yields the elements of a JSON array. It does not validate them, because the API does.
func readArray(r io.Reader, yield func([]byte) bool) error {
	array := jsontext.NewDecoder(r,
		jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if _, err := array.ReadToken(); err != nil {
		return err
	}
	for array.PeekKind() != jsontext.KindEndArray {
		element, err := array.ReadValue()
		if err != nil || !yield(element) {
			return err
		}
	}
	if _, err := array.ReadToken(); err != nil {
		return err
	}
	if _, err := array.ReadToken(); !errors.Is(err, io.EOF) {
		return errors.Join(errors.New("the file must end after the array"), err)
	}
	return nil
}

// maxLine limits the length of a line, in bytes. It exceeds API Gateway's limit of 10 MB per
// request, so that a user sees the API's error for an event that is too large.
const maxLine = 12 << 20

func readLines(r io.Reader, yield func([]byte) bool) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		line := lines.Bytes()
		if len(bytes.TrimSpace(line)) > 0 && !yield(line) {
			return nil
		}
	}
	return lines.Err()
}
