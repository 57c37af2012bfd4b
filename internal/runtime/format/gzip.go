package format

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// decodeContent undoes the content coding of a body. It stops when the decoded body exceeds the
// limit, so that a small body can't fill the memory.
func (d Decoder) decodeContent(coding string, body []byte) ([]byte, error) {
	// According to RFC 9110, x-gzip is equivalent to gzip.
	if !strings.EqualFold(coding, "gzip") && !strings.EqualFold(coding, "x-gzip") {
		return nil, pipeline.Errorf(pipeline.UnsupportedCoding,
			"The only supported Content-Encoding is gzip.")
	}
	if len(body) == 0 {
		return nil, nil // reported as an empty body
	}
	compressed := bytes.NewReader(body)
	reader, err := gzip.NewReader(compressed)
	if err != nil {
		return nil, pipeline.Errorf(pipeline.InvalidGzip,
			"The body does not begin with a gzip header (RFC 1952).")
	}
	reader.Multistream(false)
	var decoded bytes.Buffer
	if _, err := decoded.ReadFrom(io.LimitReader(reader, int64(d.MaxBytes)+1)); err != nil {
		return nil, pipeline.Errorf(pipeline.InvalidGzip,
			"The body's gzip data is truncated or damaged.")
	}
	if decoded.Len() > d.MaxBytes {
		return nil, pipeline.Errorf(pipeline.PayloadTooLarge,
			"The decoded body must have at most %d bytes.", d.MaxBytes)
	}
	if compressed.Len() > 0 {
		return nil, pipeline.Errorf(pipeline.InvalidGzip,
			"The body has data after its gzip member; send exactly one member.")
	}
	return decoded.Bytes(), nil
}
