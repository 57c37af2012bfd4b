package s3

import (
	"bufio"
	"cmp"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// decodedLength is the header with the length of a payload in an aws-chunked body.
const decodedLength = "X-Amz-Decoded-Content-Length"

// maxBody is the maximum size of one request's body in bytes, as in S3.
const maxBody = 5 << 30

// content represents stored bytes.
type content struct {
	extent
	md5 [16]byte
	// checksumName is the name of the checksum header, or "" if there is no checksum.
	checksumName, checksum string
}

// addChecksum adds the checksum and its type to header fields.
func (c content) addChecksum(fields map[string]string, kind string) {
	if c.checksumName != "" {
		fields[c.checksumName], fields[checksumTypeHeader] = c.checksum, kind
	}
}

// receive stores the body of a request and verifies its checksums. Without a checksum header, it
// calculates the checksum for the header defaultChecksum, or none if defaultChecksum is "".
func (s *Service) receive(r *http.Request, defaultChecksum string) (content, error) {
	body, size, err := decodeBody(r)
	if err != nil {
		return content{}, err
	}
	requested, err := requestChecksum(r.Header)
	if err != nil {
		return content{}, err
	}
	c, sha, err := s.store(body, size, cmp.Or(requested, defaultChecksum))
	if err != nil {
		return content{}, err
	}
	if err := checkDigests(r.Header, c, sha, requested); err != nil {
		s.bodies.release(c.extent)
		return content{}, err
	}
	return c, nil
}

// decodeBody returns a reader of the request's payload and the size of the payload in bytes.
func decodeBody(r *http.Request) (io.Reader, int64, error) {
	size := r.ContentLength
	var body io.Reader = r.Body
	decoded := r.Header.Get(decodedLength)
	chunked := strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") ||
		strings.Contains(r.Header.Get("Content-Encoding"), "aws-chunked")
	if chunked {
		var err error
		if size, err = strconv.ParseInt(decoded, 10, 64); err != nil || size < 0 {
			return nil, 0, newFailure(http.StatusLengthRequired, "MissingContentLength",
				"You must provide the Content-Length HTTP header.")
		}
		body = &chunkReader{in: bufio.NewReader(r.Body), header: r.Header}
	}
	switch {
	case size < 0:
		return nil, 0, unsupportedHeader("Transfer-Encoding",
			"the length of the body must be known: send Content-Length")
	case size > maxBody:
		return nil, 0, newFailure(http.StatusBadRequest, "EntityTooLarge",
			"Your proposed upload exceeds the maximum allowed size",
			"ProposedSize", fmt.Sprint(size), "MaxSizeAllowed", fmt.Sprint(maxBody))
	}
	return body, size, nil
}

// store stores a body and returns its content and SHA-256. If checksum names a checksum header,
// store also calculates the header's value. It returns an error if the body's length differs from
// size.
func (s *Service) store(in io.Reader, size int64, checksum string) (content, []byte, error) {
	e, err := s.bodies.reserve(size)
	if err != nil {
		return content{}, nil, err
	}
	md5Hash, shaHash := md5.New(), sha256.New()
	writers := []io.Writer{e.write(), md5Hash, shaHash}
	var checksumHash hash.Hash
	if checksum != "" {
		checksumHash = checksums[checksum]()
		writers = append(writers, checksumHash)
	}
	buffer := make([]byte, min(size+1, 64<<10))
	// Read at most one byte more than expected. This byte shows that the body is too long.
	n, err := io.CopyBuffer(io.MultiWriter(writers...), io.LimitReader(in, size+1), buffer)
	switch {
	case err == nil && n == size:
		c := content{extent: e, checksumName: checksum}
		md5Hash.Sum(c.md5[:0])
		if checksum != "" {
			c.checksum = base64Sum(checksumHash)
		}
		return c, shaHash.Sum(nil), nil
	case err == nil || errors.Is(err, io.ErrUnexpectedEOF):
		err = newFailure(http.StatusBadRequest, "IncompleteBody", "The request body terminated "+
			"unexpectedly, or its length differs from the length in the request's header")
	}
	s.bodies.release(e)
	return content{}, nil, err
}

// checkDigests compares the content with all digests in the request's header and trailer.
func checkDigests(header http.Header, c content, sha []byte, checksum string) error {
	if text := header.Get("Content-Md5"); text != "" {
		want, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(want) != md5.Size {
			return newFailure(http.StatusBadRequest, "InvalidDigest",
				"The Content-MD5 you specified was invalid.", "Content-MD5", text)
		}
		if err := checkChecksum("Content-MD5", text,
			base64.StdEncoding.EncodeToString(c.md5[:])); err != nil {
			return err
		}
	}
	signed := header.Get("X-Amz-Content-Sha256")
	if want, err := hex.DecodeString(signed); err == nil && len(want) == sha256.Size {
		if got := hex.EncodeToString(sha); got != strings.ToLower(signed) {
			return newFailure(http.StatusBadRequest, "XAmzContentSHA256Mismatch",
				"The provided 'x-amz-content-sha256' header does not match what was computed.",
				"ClientComputedContentSHA256", signed, "S3ComputedContentSHA256", got)
		}
	}
	if checksum == "" {
		return nil
	}
	want := header.Get(checksum)
	if want == "" {
		return malformedTrailer()
	}
	return checkChecksum(checksum, want, c.checksum)
}

// chunkReader decodes an aws-chunked body. It ignores the signatures of the chunks. At the end, it
// copies the checksum from the trailer to the request's header.
type chunkReader struct {
	in     *bufio.Reader
	header http.Header
	left   int64 // bytes left in the current chunk
	begun  bool
	err    error
}

func (c *chunkReader) Read(p []byte) (int, error) {
	for c.left == 0 && c.err == nil {
		c.err = c.nextChunk()
	}
	if c.err != nil {
		return 0, c.err
	}
	n, err := c.in.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// nextChunk reads the header of the next chunk. After the last chunk it reads the trailer and
// returns io.EOF.
func (c *chunkReader) nextChunk() error {
	if c.begun {
		if end, err := c.line(); err != nil || end != "" {
			return io.ErrUnexpectedEOF
		}
	}
	c.begun = true
	line, err := c.line()
	if err != nil {
		return err
	}
	length, _, _ := strings.Cut(line, ";") // the chunk's signature follows
	size, err := strconv.ParseUint(length, 16, 62)
	if err != nil {
		return io.ErrUnexpectedEOF
	}
	c.left = int64(size)
	if size > 0 {
		return nil
	}
	return c.readTrailer()
}

// maxTrailer limits the size of a trailer in bytes. A trailer contains a checksum and a signature.
const maxTrailer = 8 << 10

// readTrailer reads the trailer and returns io.EOF. The header X-Amz-Trailer names one field of the
// trailer. readTrailer copies this field to the request's header.
func (c *chunkReader) readTrailer() error {
	announced := strings.TrimSpace(c.header.Get("X-Amz-Trailer"))
	size := 0
	for {
		line, err := c.line()
		if line == "" || err != nil {
			return io.EOF // not all clients end the trailer with an empty line
		}
		if size += len(line); size > maxTrailer {
			return malformedTrailer()
		}
		name, value, ok := strings.Cut(line, ":")
		if ok && strings.EqualFold(strings.TrimSpace(name), announced) {
			c.header.Set(announced, strings.TrimSpace(value))
		}
	}
}

func malformedTrailer() error {
	return newFailure(http.StatusBadRequest, "MalformedTrailerError", "The request contained "+
		"trailing data that was not well-formed or did not conform to our published schema.")
}

// line reads a line that ends with CR LF.
func (c *chunkReader) line() (string, error) {
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return "", io.ErrUnexpectedEOF
	}
	return strings.TrimRight(string(line), "\r\n"), nil
}
