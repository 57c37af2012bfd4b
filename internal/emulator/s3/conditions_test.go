package s3

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// now is the modification time of the objects in this file's tests.
var now = time.Date(2026, 1, 2, 3, 4, 5, 600_000_000, time.UTC)

var (
	before = now.Add(-time.Hour).Format(http.TimeFormat)
	same   = now.Format(http.TimeFormat)
	after  = now.Add(time.Hour).Format(http.TimeFormat)
)

// Entity tags: etag belongs to the content "0123456789", and other belongs to no object.
const etag, other = `"781e5e245d69b566979b86e28d23f2c7"`, `"00000000000000000000000000000000"`

// conditionalService returns a service with the object /bucket/key.
func conditionalService(t *testing.T) *Service {
	t.Helper()
	s, err := New(Config{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.CreateBucket("bucket", ""); err != nil {
		t.Fatal(err)
	}
	do(t, s, http.MethodPut, "/bucket/key", "0123456789",
		"X-Amz-Checksum-Crc32", "poTHxg==", "Cache-Control", "no-cache")
	return s
}

func TestConditions_OfReads(t *testing.T) {
	s := conditionalService(t)
	for _, test := range []struct {
		status  int
		headers []string
	}{
		{200, []string{ifMatch, etag}},
		{200, []string{ifMatch, strings.Trim(etag, `"`)}},
		{200, []string{ifMatch, "*"}},
		{200, []string{ifMatch, other + ", " + etag}},
		{412, []string{ifMatch, other}},
		{412, []string{ifMatch, "W/" + etag}}, // If-Match compares strongly
		{304, []string{ifNoneMatch, etag}},
		{304, []string{ifNoneMatch, "*"}},
		{304, []string{ifNoneMatch, other + "," + etag}},
		{304, []string{ifNoneMatch, "W/" + etag}}, // If-None-Match compares weakly
		{200, []string{ifNoneMatch, other}},
		{304, []string{ifModifiedSince, same}},
		{304, []string{ifModifiedSince, after}},
		{200, []string{ifModifiedSince, before}},
		{200, []string{ifModifiedSince, "yesterday"}},
		{200, []string{ifUnmodifiedSince, same}},
		{200, []string{ifUnmodifiedSince, after}},
		{412, []string{ifUnmodifiedSince, before}},
		{200, []string{ifUnmodifiedSince, "yesterday"}},
		// An entity tag takes precedence over a date.
		{200, []string{ifMatch, etag, ifUnmodifiedSince, before}},
		{412, []string{ifMatch, other, ifUnmodifiedSince, after}},
		{200, []string{ifNoneMatch, other, ifModifiedSince, after}},
		{304, []string{ifNoneMatch, etag, ifModifiedSince, before}},
		// A failed precondition takes precedence over status 304.
		{304, []string{ifMatch, etag, ifNoneMatch, etag}},
		{412, []string{ifMatch, other, ifNoneMatch, etag}},
		{412, []string{ifUnmodifiedSince, before, ifModifiedSince, after}},
		{304, []string{ifMatch, etag, ifModifiedSince, after}},
		{304, []string{ifUnmodifiedSince, after, ifNoneMatch, etag}},
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			for _, ranged := range []string{"", "bytes=2-4", "bytes=10-"} {
				want := test.status
				headers := append([]string{"X-Amz-Checksum-Mode", "ENABLED"}, test.headers...)
				if ranged != "" {
					headers = append(headers, "Range", ranged)
				}
				switch {
				case want != http.StatusOK:
				case ranged == "bytes=2-4":
					want = http.StatusPartialContent
				case ranged != "":
					want = http.StatusRequestedRangeNotSatisfiable
				}
				status, header, body := do(t, s, method, "/bucket/key", "", headers...)
				name := fmt.Sprintf("%s %v", method, headers)
				if status != want {
					t.Errorf("%s: status %d, want %d", name, status, want)
				}
				checkConditionalResponse(t, name, method, status, header, body)
			}
		}
	}
}

// checkConditionalResponse checks that the headers and the body match the status.
func checkConditionalResponse(
	t *testing.T, name, method string, status int, header http.Header, body string,
) {
	t.Helper()
	checksum := header.Get("X-Amz-Checksum-Crc32")
	var wantBody, wantRange, wantChecksum string
	switch status {
	case http.StatusOK:
		wantBody, wantChecksum = "0123456789", "poTHxg=="
	case http.StatusPartialContent:
		wantBody, wantRange = "234", "bytes 2-4/10"
	case http.StatusRequestedRangeNotSatisfiable:
		wantRange = "bytes */10"
	case http.StatusNotModified:
		if header.Get("ETag") != etag || header.Get("Last-Modified") != same ||
			header.Get("Content-Type")+header.Get("Content-Length") != "" {
			t.Errorf("%s: header %v", name, header)
		}
	}
	if method == http.MethodHead {
		wantBody = ""
	} else if status == 412 || status == 416 {
		wantBody = body // an error, which another test checks
	}
	if body != wantBody || header.Get("Content-Range") != wantRange || checksum != wantChecksum {
		t.Errorf("%s: body %q, range %q, checksum %q",
			name, body, header.Get("Content-Range"), checksum)
	}
}

func TestConditions_OfWrites(t *testing.T) {
	for _, test := range []struct {
		key     string
		status  int
		headers []string
	}{
		{"key", 200, []string{ifMatch, etag}},
		{"key", 412, []string{ifMatch, other}},
		{"key", 412, []string{ifMatch, "W/" + etag}},
		{"absent", 404, []string{ifMatch, etag}},
		{"key", 501, []string{ifMatch, "*"}},
		{"key", 412, []string{ifNoneMatch, "*"}},
		{"absent", 200, []string{ifNoneMatch, "*"}},
		{"key", 501, []string{ifNoneMatch, other}},
		{"key", 501, []string{ifMatch, etag, ifNoneMatch, "*"}},
		{"key", 412, []string{ifUnmodifiedSince, before}},
		{"key", 200, []string{ifUnmodifiedSince, same}},
		{"absent", 200, []string{ifUnmodifiedSince, before}},
		{"key", 200, []string{ifModifiedSince, after}}, // applies only to reads
		{"key", 200, []string{"Range", "bytes=10-"}},   // applies only to reads
	} {
		s := conditionalService(t)
		status, _, _ := do(t, s, http.MethodPut, "/bucket/"+test.key, "new", test.headers...)
		if status != test.status {
			t.Errorf("%s %v: status %d, want %d", test.key, test.headers, status, test.status)
		}
		_, _, body := do(t, s, http.MethodGet, "/bucket/"+test.key, "")
		if stored := body == "new"; stored != (test.status == http.StatusOK) {
			t.Errorf("%s %v: the object is %q", test.key, test.headers, body)
		}
	}
}

func TestConditions_OfCopySources(t *testing.T) {
	s := conditionalService(t)
	for _, test := range []struct {
		status  int
		headers []string
	}{
		{200, []string{ifMatch, etag, ifUnmodifiedSince, before}},
		{412, []string{ifMatch, other}},
		{412, []string{ifNoneMatch, etag, ifModifiedSince, before}},
		{412, []string{ifModifiedSince, after}},
		{200, []string{ifModifiedSince, before}},
		{412, []string{ifUnmodifiedSince, before}},
	} {
		headers := []string{"X-Amz-Copy-Source", "/bucket/key"}
		for i, text := range test.headers {
			if i%2 == 0 {
				text = copySourcePrefix + text
			}
			headers = append(headers, text)
		}
		status, _, _ := do(t, s, http.MethodPut, "/bucket/copy", "", headers...)
		if status != test.status {
			t.Errorf("%v: status %d, want %d", headers, status, test.status)
		}
	}
}

func TestRanges(t *testing.T) {
	s := conditionalService(t)
	do(t, s, http.MethodPut, "/bucket/empty", "")
	for _, test := range []struct {
		key, ranged, ifRange string
		status               int
		body                 string
	}{
		{"key", "bytes=0-0", "", 206, "0"},
		{"key", "Bytes=0-0", "", 206, "0"},
		{"key", "bytes=0-99", "", 206, "0123456789"},
		{"key", "bytes=9-", "", 206, "9"},
		{"key", "bytes=-3", "", 206, "789"},
		{"key", "bytes=-99", "", 206, "0123456789"},
		{"key", "bytes=-0", "", 416, ""},
		{"key", "bytes=10-", "", 416, ""},
		{"key", "bytes=99-100", "", 416, ""},
		{"key", "bytes=99999999999999999999-", "", 416, ""},
		{"key", "bytes=8-99999999999999999999", "", 206, "89"},
		{"empty", "bytes=0-", "", 416, ""},
		{"empty", "bytes=-1", "", 416, ""},
		{"empty", "", "", 200, ""},
		// A malformed range and several ranges are ignored.
		{"key", "bytes=4-2", "", 200, "0123456789"},
		{"key", "bytes=-", "", 200, "0123456789"},
		{"key", "bytes=a-b", "", 200, "0123456789"},
		{"key", "bytes=+1-2", "", 200, "0123456789"},
		{"key", "lines=1-2", "", 200, "0123456789"},
		{"key", "bytes=0-1,3-4", "", 200, "0123456789"},
		// If-Range permits a partial response only for the same version.
		{"key", "bytes=2-4", etag, 206, "234"},
		{"key", "bytes=2-4", same, 206, "234"},
		{"key", "bytes=2-4", other, 200, "0123456789"},
		{"key", "bytes=2-4", "W/" + etag, 200, "0123456789"},
		{"key", "bytes=2-4", before, 200, "0123456789"},
		{"key", "bytes=2-4", after, 200, "0123456789"},
	} {
		headers := []string{"Range", test.ranged}
		if test.ifRange != "" {
			headers = append(headers, "If-Range", test.ifRange)
		}
		status, header, body := do(t, s, http.MethodGet, "/bucket/"+test.key, "", headers...)
		if status != test.status || status < 300 && body != test.body {
			t.Errorf("%s %v: status %d, body %q, want %d, %q",
				test.key, headers, status, body, test.status, test.body)
		}
		headStatus, head, _ := do(t, s, http.MethodHead, "/bucket/"+test.key, "", headers...)
		if headStatus != status || head.Get("Content-Range") != header.Get("Content-Range") ||
			status < 300 && head.Get("Content-Length") != fmt.Sprint(len(body)) {
			t.Errorf("%v: HEAD gives status %d, %v; GET gives %d, %v",
				headers, headStatus, head, status, header)
		}
	}
}
