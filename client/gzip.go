package client

import (
	"bytes"
	"compress/gzip"
	"sync"
)

// gzipWriters holds unused writers for reuse. A writer has buffers of several hundred kilobytes.
var gzipWriters = sync.Pool{New: func() any {
	writer, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	if err != nil {
		panic(err) // the level is a constant
	}
	return writer
}}

func compress(body []byte) []byte {
	writer := gzipWriters.Get().(*gzip.Writer)
	defer gzipWriters.Put(writer)
	var out bytes.Buffer
	writer.Reset(&out)
	_, _ = writer.Write(body) // writing to a buffer does not fail
	_ = writer.Close()
	return out.Bytes()
}
