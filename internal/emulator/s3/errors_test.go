package s3

import (
	"encoding/xml"
	"net/http"
	"testing"
)

func TestErrors_HaveAllElements(t *testing.T) {
	s := conditionalService(t)
	for _, test := range []struct {
		method, path, body string
		headers            []string
		status             int
		code               string
	}{
		{"GET", "/absent/key", "", nil, 404, "NoSuchBucket"},
		{"GET", "/bucket/absent", "", nil, 404, "NoSuchKey"},
		{"GET", "/bucket/key?versionId=x", "", nil, 404, "NoSuchVersion"},
		{"GET", "/bucket/key?uploadId=x", "", nil, 404, "NoSuchUpload"},
		{"GET", "/bucket/key", "", []string{"Range", "bytes=10-"}, 416, "InvalidRange"},
		{"GET", "/bucket/key", "", []string{ifMatch, other}, 412, "PreconditionFailed"},
		{"GET", "/bucket?tagging", "", nil, 404, "NoSuchTagSet"},
		{"GET", "/bucket?list-type=2&max-keys=x", "", nil, 400, "InvalidArgument"},
		{"GET", "/bucket?list-type=2&continuation-token=!", "", nil, 400, "InvalidArgument"},
		{"GET", "/bucket?acl", "", nil, 501, "NotImplemented"},
		{"PUT", "/B", "", nil, 400, "InvalidBucketName"},
		{"PUT", "/bucket/key", "", []string{"Content-MD5", "x"}, 400, "InvalidDigest"},
		{"PUT", "/bucket/key", "", []string{"X-Amz-Checksum-Sha1", "x"}, 400, "InvalidRequest"},
		{"PUT", "/bucket/key", "", []string{"X-Amz-Checksum-Crc32", "AAAAAAA="}, 400,
			"InvalidRequest"},
		{"PUT", "/bucket/key", "", []string{"X-Amz-Checksum-Crc32", "AAAAAQ=="}, 400, "BadDigest"},
		{"PUT", "/bucket/key", "", []string{"X-Amz-Tagging", "a=1&a=2"}, 400, "InvalidTag"},
		{"PUT", "/bucket/key", "", []string{storageClassHeader, "COLD"}, 400,
			"InvalidStorageClass"},
		{"PUT", "/bucket/key?tagging", "<xml/>", nil, 400, "MalformedXML"},
		{"PUT", "/bucket/key", "", []string{"X-Amz-Copy-Source", "bucket/absent"}, 404,
			"NoSuchKey"},
		{"PUT", "/bucket/key", "", []string{"X-Amz-Copy-Source", "/bucket/key"}, 400,
			"InvalidRequest"},
		{"PUT", "/bucket/key?partNumber=0&uploadId=x", "", nil, 400, "InvalidArgument"},
		{"POST", "/bucket?delete", "<Delete/>", nil, 400, "MalformedXML"},
		{"POST", "/bucket?delete", "<Delete><Object><Key></Key></Object></Delete>", nil, 400,
			"MalformedXML"},
		{"POST", "/bucket/key", "", nil, 405, "MethodNotAllowed"},
		{"POST", "/bucket", "", []string{"Content-Type", "multipart/form-data; boundary=x"}, 501,
			"NotImplemented"},
		{"DELETE", "/bucket", "", nil, 409, "BucketNotEmpty"},
	} {
		status, header, response := do(t, s, test.method, test.path, test.body, test.headers...)
		var got struct {
			Code, Message, Resource string
			RequestID               string `xml:"RequestId"`
		}
		if err := xml.Unmarshal([]byte(response), &got); err != nil {
			t.Errorf("%s %s: %v in %s", test.method, test.path, err, response)
		}
		if status != test.status || got.Code != test.code || got.Message == "" ||
			got.Resource == "" || got.RequestID == "" ||
			got.RequestID != header.Get(requestIDHeader) {
			t.Errorf("%s %s: status %d %s, want %d %s",
				test.method, test.path, status, response, test.status, test.code)
		}
	}
	status, _, response := do(t, s, http.MethodHead, "/bucket/absent", "")
	if status != http.StatusNotFound || response != "" {
		t.Errorf("HEAD: status %d with the body %q, want 404 without a body", status, response)
	}
}
