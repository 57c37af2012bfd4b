package s3

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// newUpload begins a multipart upload of /bucket/parts and returns the path for its requests.
func newUpload(t *testing.T, s *Service, headers ...string) string {
	t.Helper()
	status, _, response := do(t, s, http.MethodPost, "/bucket/parts?uploads", "", headers...)
	var out struct {
		UploadID string `xml:"UploadId"`
	}
	if err := xml.Unmarshal([]byte(response), &out); err != nil || status != http.StatusOK {
		t.Fatalf("status %d %s, %v", status, response, err)
	}
	return "/bucket/parts?uploadId=" + out.UploadID
}

func TestMultipart_ReturnsAChecksumOfTheWholeObjectOrOfTheParts(t *testing.T) {
	large := strings.Repeat("x", minPartSize)
	sum := func(data string) []byte {
		h := sha256.Sum256([]byte(data))
		return h[:]
	}
	encode := base64.StdEncoding.EncodeToString
	compositeSum := encode(sum(string(sum(large))+string(sum("end")))) + "-2"
	for _, test := range []struct{ kind, want string }{
		{composite, compositeSum}, {fullObject, encode(sum(large + "end"))},
	} {
		s := conditionalService(t)
		upload := newUpload(t, s,
			"X-Amz-Checksum-Algorithm", "SHA256", checksumTypeHeader, test.kind)
		document := ""
		for i, body := range []string{large, "end"} {
			path := fmt.Sprintf("%s&partNumber=%d", upload, i+1)
			_, header, response := do(t, s, http.MethodPut, path, body)
			if got := header.Get("X-Amz-Checksum-Sha256"); got != encode(sum(body)) {
				t.Fatalf("checksum of part %d: %s %s", i+1, got, response)
			}
			document += fmt.Sprintf("<Part><PartNumber>%d</PartNumber><ETag>%s</ETag></Part>",
				i+1, header.Get("ETag"))
		}
		document = "<CompleteMultipartUpload>" + document + "</CompleteMultipartUpload>"
		status, _, response := do(t, s, http.MethodPost, upload, document,
			"X-Amz-Checksum-Sha256", encode(sum("other")))
		if status != http.StatusBadRequest {
			t.Errorf("a wrong checksum: status %d %s, want 400", status, response)
		}
		_, _, response = do(t, s, http.MethodPost, upload, document,
			"X-Amz-Checksum-Sha256", test.want)
		element := "<ChecksumSHA256>" + test.want + "</ChecksumSHA256>"
		if !strings.Contains(response, element) {
			t.Errorf("got %s, want %s", response, element)
		}
		_, header, _ := do(t, s, http.MethodHead, "/bucket/parts", "",
			"X-Amz-Checksum-Mode", "ENABLED")
		if got := header.Get("X-Amz-Checksum-Sha256"); got != test.want ||
			header.Get(checksumTypeHeader) != test.kind {
			t.Errorf("got %s %s", got, header.Get(checksumTypeHeader))
		}
	}
}

func TestListMultipartUploads_ContinuesAfterAnAbortedUpload(t *testing.T) {
	s := newService(t, "")
	defer s.Close()
	if err := s.CreateBucket("bucket", ""); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"a", "b", "b", "b", "c"} {
		do(t, s, http.MethodPost, "/bucket/"+key+"?uploads", "")
	}
	list := func(parameters string) (page struct {
		IsTruncated        bool
		NextKeyMarker      string
		NextUploadIDMarker string `xml:"NextUploadIdMarker"`
		Upload             []struct{ Key string }
	}) {
		_, _, response := do(t, s, http.MethodGet, "/bucket?uploads&"+parameters, "")
		if err := xml.Unmarshal([]byte(response), &page); err != nil {
			t.Fatal(err)
		}
		return page
	}
	first := list("max-uploads=3")
	do(t, s, http.MethodDelete, "/bucket/b?uploadId="+first.NextUploadIDMarker, "")
	second := list("key-marker=b&upload-id-marker=" + first.NextUploadIDMarker)
	if got := fmt.Sprint(second.Upload); first.NextKeyMarker != "b" || got != "[{b} {c}]" {
		t.Errorf("the second page contains %s, want the third upload of b and c", got)
	}
	if none := list("max-uploads=0"); none.IsTruncated {
		t.Error("an empty page is truncated, so a client would request it again and again")
	}
}

func TestDeleteBucket_DeletesOpenUploads(t *testing.T) {
	s := newService(t, "")
	defer s.Close()
	if err := s.CreateBucket("bucket", ""); err != nil {
		t.Fatal(err)
	}
	upload := newUpload(t, s)
	do(t, s, http.MethodPut, upload+"&partNumber=1", "part")
	for _, method := range []string{http.MethodDelete, http.MethodPut} {
		if status, _, response := do(t, s, method, "/bucket", ""); status >= 300 {
			t.Fatal(method, status, response)
		}
	}
	_, _, uploads := do(t, s, http.MethodGet, "/bucket?uploads", "")
	if strings.Contains(uploads, "<Upload>") {
		t.Errorf("the new bucket has the upload %s", uploads)
	}
	status, _, response := do(t, s, http.MethodPut, upload+"&partNumber=2", "part")
	if status != http.StatusNotFound || !strings.Contains(response, "NoSuchUpload") {
		t.Errorf("got %d %s, want NoSuchUpload", status, response)
	}
	if n := s.bodies.segments[s.bodies.newest].used; n != 0 {
		t.Errorf("%d parts still take space", n)
	}
}

func TestCompleteMultipartUpload_DiscardsTheUploadIfItsBucketWasDeleted(t *testing.T) {
	s := newService(t, "")
	defer s.Close()
	if err := s.CreateBucket("bucket", ""); err != nil {
		t.Fatal(err)
	}
	newUpload(t, s)
	for id, up := range s.uploads.byID { // the request is between take and putBack
		delete(s.uploads.byID, id)
		for _, method := range []string{http.MethodDelete, http.MethodPut} {
			do(t, s, method, "/bucket", "")
		}
		s.putBack(up)
	}
	if n := len(s.uploads.byID); n != 0 {
		t.Errorf("the new bucket has %d uploads, want none", n)
	}
}

func TestMultipart_CopiesOnlyValidRanges(t *testing.T) {
	s := conditionalService(t)
	upload := newUpload(t, s) + "&partNumber=1"
	for ranged, want := range map[string]int{
		"bytes=0-9": 200, "bytes=0-10": 400, "bytes=10-11": 400, "bytes=0-": 400, "0-9": 400,
	} {
		status, _, response := do(t, s, http.MethodPut, upload, "",
			"X-Amz-Copy-Source", "bucket/key", "X-Amz-Copy-Source-Range", ranged)
		if status != want {
			t.Errorf("%s: status %d %s, want %d", ranged, status, response, want)
		}
	}
}

func TestCopyObject_CopiesOldVersionsAndReplacesMetadata(t *testing.T) {
	s := newService(t, "")
	defer s.Close()
	if err := s.CreateBucket("bucket", versioningEnabled); err != nil {
		t.Fatal(err)
	}
	_, first, _ := do(t, s, http.MethodPut, "/bucket/key", "first",
		"X-Amz-Meta-Name", "value", "Content-Type", "text/plain")
	do(t, s, http.MethodPut, "/bucket/key", "second")
	source := "bucket/key?versionId=" + first.Get("X-Amz-Version-Id")
	do(t, s, http.MethodPut, "/bucket/copy", "", "X-Amz-Copy-Source", source)
	_, header, body := do(t, s, http.MethodGet, "/bucket/copy", "")
	if body != "first" || metadata(header, "name") != "value" ||
		header.Get("Content-Type") != "text/plain" {
		t.Errorf("got %q, %v", body, header)
	}
	do(t, s, http.MethodPut, "/bucket/copy", "", "X-Amz-Copy-Source", "/bucket/copy",
		"X-Amz-Metadata-Directive", "REPLACE", "X-Amz-Meta-Other", "1")
	_, header, _ = do(t, s, http.MethodGet, "/bucket/copy", "")
	if metadata(header, "name") != "" || metadata(header, "other") != "1" {
		t.Errorf("metadata %v", header)
	}
}

func TestTags_SurviveARestart(t *testing.T) {
	dir := t.TempDir()
	s := newService(t, dir)
	if err := s.CreateBucket("bucket", ""); err != nil {
		t.Fatal(err)
	}
	const tags = "<Tagging><TagSet><Tag><Key>a</Key><Value>1</Value></Tag></TagSet></Tagging>"
	do(t, s, http.MethodPut, "/bucket/key", strings.Repeat("x", segmentSize))
	for _, path := range []string{"/bucket?tagging", "/bucket/key?tagging"} {
		if status, _, response := do(t, s, http.MethodPut, path, tags); status >= 300 {
			t.Fatalf("%s: status %d %s", path, status, response)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = newService(t, dir)
	defer s.Close()
	for _, path := range []string{"/bucket?tagging", "/bucket/key?tagging"} {
		_, _, response := do(t, s, http.MethodGet, path, "")
		if !strings.Contains(response, "<Key>a</Key><Value>1</Value>") {
			t.Errorf("%s: %s", path, response)
		}
	}
	do(t, s, http.MethodDelete, "/bucket/key?tagging", "")
	if _, _, body := do(t, s, http.MethodGet, "/bucket/key", ""); len(body) != segmentSize {
		t.Errorf("the object has %d bytes after its tags changed", len(body))
	}
}

func TestTags_OfOneObjectCanBeSetInParallel(t *testing.T) {
	s := newService(t, "")
	defer s.Close()
	if err := s.CreateBucket("bucket", ""); err != nil {
		t.Fatal(err)
	}
	do(t, s, http.MethodPut, "/bucket/key", "body")
	const tags = "<Tagging><TagSet><Tag><Key>a</Key><Value>1</Value></Tag></TagSet></Tagging>"
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			for range 200 {
				status, _, response := do(t, s, http.MethodPut, "/bucket/key?tagging", tags)
				if status != http.StatusOK {
					t.Errorf("status %d %s", status, response)
					return
				}
			}
		})
	}
	clients.Wait()
}

func TestTags_HaveSeparateLimitsForObjectsAndBuckets(t *testing.T) {
	for limit, want := range map[int]string{
		maxObjectTags: "Object tags cannot be greater than 10",
		maxBucketTags: "Bucket tag count cannot be greater than 50",
	} {
		err := checkTags(make([]tag, limit+1), limit)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%d tags: got %v, want %s", limit+1, err, want)
		}
	}
}
