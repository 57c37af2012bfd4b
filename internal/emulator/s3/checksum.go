package s3

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"

	"github.com/johannesboyne/gofakes3"
)

const checksumPrefix = "X-Amz-Checksum-"

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	nvme       = crc64.MakeTable(0x9a6c9329ac4bc9b5)
)

// checksums maps a request header to the algorithm of the checksum that the header contains.
var checksums = map[string]func() hash.Hash{
	checksumPrefix + "Crc32":     func() hash.Hash { return crc32.NewIEEE() },
	checksumPrefix + "Crc32c":    func() hash.Hash { return crc32.New(castagnoli) },
	checksumPrefix + "Crc64nvme": func() hash.Hash { return crc64.New(nvme) },
	checksumPrefix + "Sha1":      sha1.New,
	checksumPrefix + "Sha256":    sha256.New,
}

// upload decodes the body, verifies the checksums of the body, and then calls gofakes3. The
// response repeats the verified checksums.
func (s *Service) upload(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err == nil && strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		body, err = decodeChunks(body, r.Header)
	}
	if err != nil {
		writeError(w, gofakes3.ErrIncompleteBody, fmt.Sprintf("read upload: %v", err))
		return
	}
	confirmed := http.Header{}
	completes := r.Method == http.MethodPost && r.URL.Query().Has("uploadId")
	for header, newHash := range checksums {
		want := r.Header.Get(header)
		// In CompleteMultipartUpload, the checksum belongs to the whole object, not to this body.
		if want == "" || completes {
			continue
		}
		sum := newHash()
		sum.Write(body)
		if got := base64.StdEncoding.EncodeToString(sum.Sum(nil)); got != want {
			algorithm := strings.ToUpper(strings.TrimPrefix(header, checksumPrefix))
			writeError(w, gofakes3.ErrBadDigest, fmt.Sprintf("The %s you specified did not match "+
				"the calculated checksum: got %s, calculated %s.", algorithm, want, got))
			return
		}
		confirmed.Set(header, want)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.ContentLength = int64(len(body))
	r.Header.Set("Content-Length", strconv.Itoa(len(body)))
	s.serveGofakes3(w, r, func(status int, header http.Header) {
		if status == http.StatusOK {
			maps.Copy(header, confirmed)
		}
	})
}

// decodeChunks decodes an aws-chunked body. It ignores the signatures of the chunks. It adds the
// trailing headers, which contain the checksum, to header.
func decodeChunks(body []byte, header http.Header) ([]byte, error) {
	var decoded []byte
	for {
		line, rest, ok := bytes.Cut(body, []byte("\r\n"))
		if !ok {
			return nil, io.ErrUnexpectedEOF
		}
		length, _, _ := strings.Cut(string(line), ";") // the chunk's signature follows
		size, err := strconv.ParseUint(length, 16, 63)
		if err != nil {
			return nil, fmt.Errorf("parse the length of a chunk: %w", err)
		}
		if size == 0 {
			body = rest
			break
		}
		if uint64(len(rest)) < size+2 {
			return nil, io.ErrUnexpectedEOF
		}
		decoded = append(decoded, rest[:size]...)
		body = rest[size+2:]
	}
	for line := range strings.SplitSeq(string(body), "\r\n") {
		if name, value, ok := strings.Cut(line, ":"); ok {
			header.Set(strings.TrimSpace(name), strings.TrimSpace(value))
		}
	}
	if want := header.Get("X-Amz-Decoded-Content-Length"); want != strconv.Itoa(len(decoded)) {
		return nil, fmt.Errorf("X-Amz-Decoded-Content-Length must be %d, got %q",
			len(decoded), want)
	}
	return decoded, nil
}

// checksumFilter returns a function that removes the stored checksums from a response header. If
// the client requested checksums of a whole object, the function keeps them. The answer to a range
// never contains checksums, because the stored checksums belong to the whole object.
func checksumFilter(r *http.Request) func(int, http.Header) {
	if r.Header.Get("X-Amz-Checksum-Mode") == "ENABLED" && r.Header.Get("Range") == "" {
		return func(int, http.Header) {}
	}
	return func(_ int, header http.Header) {
		for name := range checksums {
			header.Del(name)
		}
	}
}

func writeError(w http.ResponseWriter, code gofakes3.ErrorCode, message string) {
	writeXML(w, code.Status(), gofakes3.ErrorMessage(code, message))
}

func writeXML(w http.ResponseWriter, status int, answer any) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, xml.Header)
	_ = xml.NewEncoder(w).Encode(answer) // the client may have disconnected
}
