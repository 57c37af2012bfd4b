package s3

import (
	"encoding/base64"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// frame returns the body in a framing, such as "signed chunks", and the headers that describe it.
func frame(framing, body string) (encoded string, headers []string) {
	sum := crc32.NewIEEE()
	sum.Write([]byte(body))
	trailer := "x-amz-checksum-crc32:" + base64.StdEncoding.EncodeToString(sum.Sum(nil)) + "\r\n"
	chunks := func(size int, extension string) string {
		var text strings.Builder
		for rest := body; rest != ""; {
			n := min(size, len(rest))
			fmt.Fprintf(&text, "%x%s\r\n%s\r\n", n, extension, rest[:n])
			rest = rest[n:]
		}
		return text.String() + "0" + extension + "\r\n"
	}
	headers = []string{
		"Content-Encoding", "aws-chunked", "X-Amz-Decoded-Content-Length", fmt.Sprint(len(body)),
	}
	switch framing {
	case "unsigned chunks with trailer":
		return chunks(65536, "") + trailer + "\r\n", append(headers, "X-Amz-Content-Sha256",
			"STREAMING-UNSIGNED-PAYLOAD-TRAILER", "X-Amz-Trailer", "x-amz-checksum-crc32")
	case "signed chunks":
		return chunks(8192, ";chunk-signature=00") + "\r\n", append(headers,
			"X-Amz-Content-Sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")
	case "signed chunks with trailer":
		return chunks(65536, ";chunk-signature=00") + trailer +
				"x-amz-trailer-signature:00\r\n\r\n", append(headers, "X-Amz-Content-Sha256",
				"STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
				"X-Amz-Trailer", "x-amz-checksum-crc32")
	}
	return body, nil
}

func TestPutObject_StoresEveryLengthInEveryFraming(t *testing.T) {
	s := newService(t, "")
	defer s.Close()
	if err := s.CreateBucket("bucket", ""); err != nil {
		t.Fatal(err)
	}
	framings := []string{
		"plain", "unsigned chunks with trailer", "signed chunks", "signed chunks with trailer",
	}
	for _, length := range []int{0, 1, 2, 15, 16, 8191, 8192, 65535, 65536, 65537, 200_000} {
		body := strings.Repeat("0123456789abcdef", length/16+1)[:length]
		for _, framing := range framings {
			encoded, headers := frame(framing, body)
			status, _, response := do(t, s, http.MethodPut, "/bucket/key", encoded, headers...)
			if status != http.StatusOK {
				t.Errorf("%d bytes, %s: status %d %s", length, framing, status, response)
				continue
			}
			_, header, got := do(t, s, http.MethodGet, "/bucket/key", "")
			if got != body || header.Get("Content-Length") != fmt.Sprint(length) ||
				header.Get("Content-Encoding") != "" {
				t.Errorf("%d bytes, %s: got %d bytes, %v", length, framing, len(got), header)
			}
			for _, cut := range []int{1, len(encoded) / 2} { // a client that disconnects
				if framing == "plain" || cut > len(encoded)-8 || length == 0 {
					continue
				}
				broken := encoded[:len(encoded)-cut-8]
				do(t, s, http.MethodDelete, "/bucket/broken", "")
				do(t, s, http.MethodPut, "/bucket/broken", broken, headers...)
				status, _, got := do(t, s, http.MethodGet, "/bucket/broken", "")
				if status == http.StatusOK && got != body {
					t.Errorf("%d bytes, %s: stored %d bytes", length, framing, len(got))
				}
			}
		}
	}
}

func TestPutObject_ReadsOnlyTheChecksumInATrailer(t *testing.T) {
	s := newService(t, "")
	defer s.Close()
	if err := s.CreateBucket("bucket", ""); err != nil {
		t.Fatal(err)
	}
	body, headers := frame("unsigned chunks with trailer", "body")
	body = strings.TrimSuffix(body, "\r\n")
	long := strings.Repeat("x-amz-meta-a: b\r\n", maxTrailer/15+1)
	for name, c := range map[string]struct {
		trailer string
		status  int
		headers []string
	}{
		"another header": {"x-amz-meta-a: b\r\n\r\n", http.StatusOK, nil},
		"too long":       {long + "\r\n", http.StatusBadRequest, nil},
		"unknown": {"\r\n", http.StatusBadRequest,
			[]string{"X-Amz-Trailer", "x-amz-meta-a"}},
	} {
		status, _, response := do(t, s, http.MethodPut, "/bucket/key", body+c.trailer,
			append(slices.Clone(headers), c.headers...)...)
		if status != c.status {
			t.Errorf("%s: got %d %s, want %d", name, status, response, c.status)
		}
	}
	_, header, _ := do(t, s, http.MethodGet, "/bucket/key", "")
	if got := header.Get("X-Amz-Meta-A"); got != "" {
		t.Errorf("the trailer added the metadata %q", got)
	}
}

func TestDeleteObjects_RejectsALongDocument(t *testing.T) {
	s := newService(t, "")
	defer s.Close()
	if err := s.CreateBucket("bucket", ""); err != nil {
		t.Fatal(err)
	}
	status, _, response := do(t, s, http.MethodPost, "/bucket?delete",
		"<Delete>"+strings.Repeat(" ", maxXML))
	if status != http.StatusBadRequest || !strings.Contains(response, "MaxMessageLengthExceeded") {
		t.Errorf("got %d %s, want MaxMessageLengthExceeded", status, response)
	}
}

func TestPutObject_RejectsABodyOfUnknownLength(t *testing.T) {
	s := newService(t, "")
	defer s.Close()
	if err := s.CreateBucket("bucket", ""); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	defer server.Close()
	body := io.MultiReader(strings.NewReader("body")) // has no length, so it is sent in chunks
	url := server.URL + "/bucket/key"
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, url, body)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusNotImplemented {
		t.Errorf("status %d", response.StatusCode)
	}
}
