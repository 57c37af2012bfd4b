package s3

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

func newService(t *testing.T, dir string) *Service {
	t.Helper()
	service, err := New(Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return service
}

// do sends a request. headers consists of names, each followed by its value.
func do(
	t *testing.T, service *Service, method, path, body string, headers ...string,
) (status int, header http.Header, response string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	r.Header.Set("Content-Length", fmt.Sprint(len(body)))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	service.ServeHTTP(w, r)
	return w.Code, w.Header(), w.Body.String()
}

// metadata returns a value of an object's metadata. It finds only a header with a name in lower
// case, because S3 sends these headers in lower case.
func metadata(header http.Header, name string) string {
	return strings.Join(header[strings.ToLower(metadataPrefix+name)], ",")
}

func TestCreateBucket_KeepsExistingObjects(t *testing.T) {
	service := newService(t, "")
	for range 2 {
		if err := service.CreateBucket("bucket", versioningEnabled); err != nil {
			t.Fatal(err)
		}
		do(t, service, http.MethodPut, "/bucket/key", "body")
	}
	_, header, body := do(t, service, http.MethodGet, "/bucket/key", "")
	if version := header.Get("X-Amz-Version-Id"); body != "body" || version == "" {
		t.Errorf("got %q, version %q", body, version)
	}
}

func TestCreateBucket_OfAnExistingBucketFailsOutsideUSEast1(t *testing.T) {
	for region, want := range map[string]int{
		"us-east-1": http.StatusOK, "eu-west-1": http.StatusConflict,
	} {
		service, err := New(Config{Region: region})
		if err != nil {
			t.Fatal(err)
		}
		defer service.Close()
		if status, _, response := do(t, service, http.MethodPut, "/bucket", ""); status != 200 {
			t.Fatal(status, response)
		}
		if status, _, response := do(t, service, http.MethodPut, "/bucket", ""); status != want {
			t.Errorf("%s: status %d %s, want %d", region, status, response, want)
		}
	}
}

func TestService_SendsNoCORSHeaders(t *testing.T) {
	service := newService(t, "")
	if err := service.CreateBucket("bucket", ""); err != nil {
		t.Fatal(err)
	}
	do(t, service, http.MethodPut, "/bucket/key", "body")
	for method, path := range map[string]string{
		http.MethodGet: "/bucket/key", http.MethodHead: "/bucket/key",
		http.MethodPut: "/bucket/other", http.MethodPost: "/bucket?delete",
		http.MethodOptions: "/bucket/key", http.MethodDelete: "/bucket/absent",
	} {
		_, header, _ := do(t, service, method, path, "",
			"Origin", "http://localhost:3000", "Access-Control-Request-Method", "GET")
		for name := range header {
			if strings.HasPrefix(name, "Access-Control-") {
				t.Errorf("%s %s: got header %s: %s", method, path, name, header.Get(name))
			}
		}
	}
}

func TestState_SurvivesARestart(t *testing.T) {
	dir := t.TempDir()
	service := newService(t, dir)
	if err := service.CreateBucket("plain", ""); err != nil {
		t.Fatal(err)
	}
	if err := service.CreateBucket("versioned", versioningEnabled); err != nil {
		t.Fatal(err)
	}
	do(t, service, http.MethodPut, "/plain/a/b", "old", "X-Amz-Meta-Name", "old")
	do(t, service, http.MethodPut, "/plain/a/b", "line\nline", "X-Amz-Meta-Name", "new")
	do(t, service, http.MethodPut, "/plain/deleted", "x")
	do(t, service, http.MethodDelete, "/plain/deleted", "")
	_, first, _ := do(t, service, http.MethodPut, "/versioned/key", "first")
	do(t, service, http.MethodPut, "/versioned/key", "second")
	if err := service.Close(); err != nil {
		t.Fatal(err)
	}

	service = newService(t, dir)
	defer service.Close()
	_, header, body := do(t, service, http.MethodGet, "/plain/a/b", "")
	if name := metadata(header, "name"); body != "line\nline" || name != "new" {
		t.Errorf("got %q with metadata %q", body, name)
	}
	status, _, _ := do(t, service, http.MethodGet, "/plain/deleted", "")
	if status != http.StatusNotFound {
		t.Errorf("get a deleted object: status %d, want 404", status)
	}
	if _, _, body := do(t, service, http.MethodGet, "/versioned/key", ""); body != "second" {
		t.Errorf("the newest version is %q, want second", body)
	}
	old := "/versioned/key?versionId=" + first.Get("X-Amz-Version-Id")
	if _, _, body := do(t, service, http.MethodGet, old, ""); body != "first" {
		t.Errorf("the first version is %q, want first", body)
	}
	status, _, _ = do(t, service, http.MethodPut, "/plain/a/b", "again", "If-None-Match", "*")
	if status != http.StatusPreconditionFailed {
		t.Errorf("put if absent: status %d, want 412", status)
	}
}

// TestState_SurvivesACrash kills a process that puts objects. The store must contain every object
// that PutObject has confirmed.
func TestState_SurvivesACrash(t *testing.T) {
	if dir := os.Getenv("S3_TEST_DIR"); dir != "" {
		putForever(t, dir)
	}
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run=^TestState_SurvivesACrash$")
	cmd.Env = append(os.Environ(), "S3_TEST_DIR="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	acknowledged := 0
	for lines := bufio.NewScanner(out); acknowledged < 500 && lines.Scan(); acknowledged++ {
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // the error reports only the kill signal

	service := newService(t, dir)
	defer service.Close()
	if acknowledged < 500 {
		t.Fatalf("the process acknowledged only %d puts, want at least 500", acknowledged)
	}
	for i := range acknowledged {
		status, _, body := do(t, service, http.MethodGet, fmt.Sprintf("/bucket/%d", i), "")
		if body != fmt.Sprint("body", i) {
			t.Fatalf("object %d of %d: status %d, body %q", i, acknowledged, status, body)
		}
	}
}

func putForever(t *testing.T, dir string) {
	service := newService(t, dir)
	if err := service.CreateBucket("bucket", ""); err != nil {
		t.Fatal(err)
	}
	for i := 0; ; i++ {
		path, body := fmt.Sprintf("/bucket/%d", i), fmt.Sprint("body", i)
		status, _, response := do(t, service, http.MethodPut, path, body)
		if status != http.StatusOK {
			t.Fatal(status, response)
		}
		fmt.Println(i)
	}
}

func TestPutObject_DecodesChunksAndVerifiesTheTrailingChecksum(t *testing.T) {
	sum := crc32.NewIEEE()
	io.WriteString(sum, "hello world")
	checksum := base64.StdEncoding.EncodeToString(sum.Sum(nil))
	trailer := "\r\nx-amz-checksum-crc32:" + checksum + "\r\n\r\n"
	for _, test := range []struct {
		name, chunks, length string
		status               int
		stored               string
	}{
		{"unsigned", "6\r\nhello \r\n5\r\nworld\r\n0" + trailer, "11", 200, "hello world"},
		{"signed", "b;chunk-signature=00\r\nhello world\r\n0;chunk-signature=00" + trailer,
			"11", 200, "hello world"},
		{"empty", "0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n", "0", 200, ""},
		{"no trailer", "b\r\nhello world\r\n0\r\n\r\n", "11", 400, ""},
		{"wrong checksum", "b\r\nhello there\r\n0" + trailer, "11", 400, ""},
		{"wrong length", "5\r\nhello\r\n0\r\n\r\n", "11", 400, ""},
		{"truncated", "b\r\nhello", "11", 400, ""},
		{"no chunks", "hello world", "11", 400, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			service := newService(t, "")
			if err := service.CreateBucket("bucket", ""); err != nil {
				t.Fatal(err)
			}
			status, _, response := do(t, service, http.MethodPut, "/bucket/key", test.chunks,
				"X-Amz-Content-Sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
				"Content-Encoding", "aws-chunked", "X-Amz-Decoded-Content-Length", test.length,
				"X-Amz-Trailer", "x-amz-checksum-crc32")
			if status != test.status {
				t.Fatalf("status %d %s, want %d", status, response, test.status)
			}
			status, header, body := do(t, service, http.MethodGet, "/bucket/key", "")
			if test.status != http.StatusOK {
				if status != http.StatusNotFound {
					t.Errorf("stored %q, want nothing", body)
				}
				return
			}
			if encoding := header.Get("Content-Encoding"); body != test.stored || encoding != "" {
				t.Errorf("stored %q with encoding %q", body, encoding)
			}
		})
	}
}

func TestHeadObject_ReturnsChecksumsOnlyIfRequestedForTheWholeObject(t *testing.T) {
	service := newService(t, "")
	if err := service.CreateBucket("bucket", ""); err != nil {
		t.Fatal(err)
	}
	do(t, service, http.MethodPut, "/bucket/key", "", "X-Amz-Checksum-Crc32", "AAAAAA==")
	for _, test := range []struct {
		headers []string
		want    string
	}{
		{nil, ""},
		{[]string{"X-Amz-Checksum-Mode", "ENABLED"}, "AAAAAA=="},
		{[]string{"X-Amz-Checksum-Mode", "ENABLED", "Range", "bytes=0-1"}, ""},
	} {
		_, header, _ := do(t, service, http.MethodHead, "/bucket/key", "", test.headers...)
		if got := header.Get("X-Amz-Checksum-Crc32"); got != test.want {
			t.Errorf("%v: got %q, want %q", test.headers, got, test.want)
		}
	}
}

func TestService_RejectsUnsupportedRequestsWithoutEffect(t *testing.T) {
	service := newService(t, "")
	if err := service.CreateBucket("bucket", ""); err != nil {
		t.Fatal(err)
	}
	do(t, service, http.MethodPut, "/bucket/key", "body")
	for _, path := range []string{
		"/bucket/key?retention", "/bucket/key?acl", "/bucket?policy", "/bucket?lifecycle=",
	} {
		status, _, response := do(t, service, http.MethodPut, path, "<xml/>")
		if status != http.StatusNotImplemented || !strings.Contains(response, "NotImplemented") {
			t.Errorf("%s: status %d %s", path, status, response)
		}
	}
	if _, _, body := do(t, service, http.MethodGet, "/bucket/key", ""); body != "body" {
		t.Errorf("the object is %q, want body", body)
	}
	if err := service.CreateBucket("empty", ""); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{
		"/empty?metadataConfiguration": http.StatusNotImplemented,
		"/empty?metadataTable":         http.StatusNotImplemented,
		"/empty?versioning":            http.StatusMethodNotAllowed,
		"/empty?location":              http.StatusMethodNotAllowed,
	} {
		if status, _, response := do(t, service, http.MethodDelete, path, ""); status != want {
			t.Errorf("DELETE %s: status %d %s, want %d", path, status, response, want)
		}
	}
	if status, _, _ := do(t, service, http.MethodHead, "/empty", ""); status != http.StatusOK {
		t.Errorf("HEAD of the bucket: status %d, want 200", status)
	}
}

func TestListObjectsV2_EncodesNamesIfRequested(t *testing.T) {
	service := newService(t, "")
	if err := service.CreateBucket("bucket", ""); err != nil {
		t.Fatal(err)
	}
	do(t, service, http.MethodPut, "/bucket/a/b%20%01", "body")
	_, _, response := do(t, service, http.MethodGet, "/bucket?list-type=2&encoding-type=url", "")
	if !strings.Contains(response, "<Key>a/b+%01</Key>") {
		t.Errorf("got %s", response)
	}
}

func TestSuspendedVersioning_ReplacesOnlyTheNullVersion(t *testing.T) {
	dir := t.TempDir()
	service := newService(t, dir)
	if err := service.CreateBucket("bucket", ""); err != nil {
		t.Fatal(err)
	}
	status := func(s string) string {
		return "<VersioningConfiguration><Status>" + s + "</Status></VersioningConfiguration>"
	}
	do(t, service, http.MethodPut, "/bucket/key", "null 1")
	do(t, service, http.MethodPut, "/bucket?versioning", status("Enabled"))
	_, kept, _ := do(t, service, http.MethodPut, "/bucket/key", "kept")
	do(t, service, http.MethodPut, "/bucket?versioning", status("Suspended"))
	do(t, service, http.MethodPut, "/bucket/key", "null 2")
	do(t, service, http.MethodPut, "/bucket/key", "null 3")
	for range 2 { // before and after a restart
		_, _, versions := do(t, service, http.MethodGet, "/bucket?versions", "")
		if strings.Count(versions, "<Version>") != 2 {
			t.Errorf("got versions %s, want 2", versions)
		}
		if _, _, body := do(t, service, http.MethodGet, "/bucket/key", ""); body != "null 3" {
			t.Errorf("the object is %q, want null 3", body)
		}
		keptPath := "/bucket/key?versionId=" + kept.Get("X-Amz-Version-Id")
		if _, _, body := do(t, service, http.MethodGet, keptPath, ""); body != "kept" {
			t.Errorf("the kept version is %q, want kept", body)
		}
		if err := service.Close(); err != nil {
			t.Fatal(err)
		}
		service = newService(t, dir)
	}
	service.Close()
}

func TestLastModified_UsesTheServiceClock(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	service, err := New(Config{Now: func() time.Time { return at }})
	if err != nil {
		t.Fatal(err)
	}
	if err := service.CreateBucket("bucket", ""); err != nil {
		t.Fatal(err)
	}
	do(t, service, http.MethodPut, "/bucket/key", "body", "X-Amz-Date", "20200101T000000Z")
	_, header, _ := do(t, service, http.MethodGet, "/bucket/key", "")
	if got := header.Get("Last-Modified"); got != at.Format(http.TimeFormat) {
		t.Errorf("got %s", got)
	}
	_, _, list := do(t, service, http.MethodGet, "/bucket?list-type=2", "")
	if !strings.Contains(list, "<LastModified>2026-01-02T03:04:05.000Z</LastModified>") {
		t.Errorf("got %s", list)
	}
}

func BenchmarkPutObject_IfAbsentWithStore(b *testing.B) {
	service, err := New(Config{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer service.Close()
	if err := service.CreateBucket("bucket", versioningEnabled); err != nil {
		b.Fatal(err)
	}
	body := bytes.Repeat([]byte("x"), 1<<10)
	for i := 0; b.Loop(); i++ {
		path := fmt.Sprintf("/bucket/bronze/demo/2026/01/02/03/%d.json", i)
		r := httptest.NewRequest(http.MethodPut, path, bytes.NewReader(body))
		r.Header.Set("Content-Length", "1024")
		r.Header.Set("If-None-Match", "*")
		w := httptest.NewRecorder()
		service.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			b.Fatal(w.Code, w.Body)
		}
	}
}

func TestListings_ReturnTheStorageClass(t *testing.T) {
	s := conditionalService(t)
	do(t, s, http.MethodPut, "/bucket/cold", "x", storageClassHeader, "GLACIER_IR")
	do(t, s, http.MethodPut, "/bucket/default", "x", storageClassHeader, standard)
	_, _, created := do(t, s, http.MethodPost, "/bucket/parts?uploads", "",
		storageClassHeader, "GLACIER_IR")
	_, rest, _ := strings.Cut(created, "<UploadId>")
	id, _, _ := strings.Cut(rest, "<")
	for _, path := range []string{
		"/bucket?prefix=cold", "/bucket?list-type=2&prefix=cold", "/bucket?versions&prefix=cold",
		"/bucket?uploads", "/bucket/parts?uploadId=" + id,
	} {
		if _, _, body := do(t, s, http.MethodGet, path, ""); !strings.Contains(body,
			"<StorageClass>GLACIER_IR</StorageClass>") {
			t.Errorf("%s: got %s", path, body)
		}
	}
	_, _, body := do(t, s, http.MethodGet, "/bucket?prefix=default", "")
	if !strings.Contains(body, "<StorageClass>STANDARD</StorageClass>") {
		t.Errorf("default class: got %s", body)
	}
}
