package s3

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// presign returns the path and the query of a presigned URL that the service accepts for an hour.
func presign(t *testing.T, method, path string, at time.Time, header http.Header) string {
	t.Helper()
	r, err := http.NewRequest(method, "http://example.com"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = header.Clone()
	query := r.URL.Query()
	query.Set("X-Amz-Expires", "3600")
	r.URL.RawQuery = query.Encode()
	credentials := aws.Credentials{AccessKeyID: "key", SecretAccessKey: "secret"}
	signed, _, err := v4.NewSigner(func(o *v4.SignerOptions) {
		o.DisableURIPathEscaping = true
	}).PresignHTTP(t.Context(), credentials, r, "UNSIGNED-PAYLOAD", "s3", "us-east-1", at)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(signed, "http://example.com")
}

func TestPresigned_IsVerified(t *testing.T) {
	s, err := New(Config{
		Now:       func() time.Time { return now },
		SecretKey: func(string) string { return "secret" },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.CreateBucket("bucket", ""); err != nil {
		t.Fatal(err)
	}
	const path = "/bucket/a%20b%2Bc/%C3%A9"
	meta := http.Header{"X-Amz-Meta-Name": {"value"}}
	put := presign(t, http.MethodPut, path, now, meta)
	status, _, body := do(t, s, http.MethodPut, put, "body", "X-Amz-Meta-Name", "value")
	if status != http.StatusOK {
		t.Fatalf("put: status %d %s", status, body)
	}
	valid := presign(t, http.MethodGet, path, now, nil)
	if status, _, body := do(t, s, http.MethodGet, valid, ""); body != "body" {
		t.Fatalf("get: status %d %s", status, body)
	}
	for name, test := range map[string]struct {
		method, url string
		headers     []string
		code        string
	}{
		"last second": {http.MethodGet,
			presign(t, http.MethodGet, path, now.Add(-3599*time.Second), nil), nil, ""},
		"expired": {http.MethodGet,
			presign(t, http.MethodGet, path, now.Add(-3601*time.Second), nil), nil, "AccessDenied"},
		"not valid yet": {http.MethodGet,
			presign(t, http.MethodGet, path, now.Add(time.Hour), nil), nil, "AccessDenied"},
		"other method": {http.MethodDelete, valid, nil, "SignatureDoesNotMatch"},
		"other key": {http.MethodGet, strings.Replace(valid, "a%20b", "other", 1), nil,
			"SignatureDoesNotMatch"},
		"other expiry": {http.MethodGet, strings.Replace(valid, "3600", "7200", 1), nil,
			"SignatureDoesNotMatch"},
		"another parameter": {http.MethodGet, valid + "&versionId=null", nil,
			"SignatureDoesNotMatch"},
		"other signature": {http.MethodGet, valid[:len(valid)-2] + "00", nil,
			"SignatureDoesNotMatch"},
		"other header": {http.MethodPut, put, []string{"X-Amz-Meta-Name", "other"},
			"SignatureDoesNotMatch"},
		"unsigned header": {http.MethodPut, put,
			[]string{"X-Amz-Meta-Name", "value", "X-Amz-Copy-Source", "bucket/key"},
			"AccessDenied"},
		"too long": {http.MethodGet, strings.Replace(valid, "3600", "604801", 1), nil,
			"AuthorizationQueryParametersError"},
		"missing parameter": {http.MethodGet, strings.Replace(valid, "X-Amz-Date", "Date", 1), nil,
			"AuthorizationQueryParametersError"},
		"two signatures": {http.MethodGet, valid, []string{"Authorization", "AWS4-HMAC-SHA256"},
			"InvalidArgument"},
		"version 2, expired": {http.MethodGet, version2(path, now.Add(-time.Second)), nil,
			"AccessDenied"},
		"version 2, other signature": {http.MethodGet, version2(path, now.Add(time.Hour)), nil,
			"SignatureDoesNotMatch"},
	} {
		status, _, response := do(t, s, test.method, test.url, "", test.headers...)
		if test.code == "" && status == http.StatusOK {
			continue
		}
		if status < 400 || !strings.Contains(response, "<Code>"+test.code+"</Code>") {
			t.Errorf("%s: status %d %s, want %s", name, status, response, test.code)
		}
	}
}

// version2 returns a URL with a wrong signature of version 2. test/clients tests valid URLs.
func version2(path string, expires time.Time) string {
	return path + "?" + url.Values{
		"AWSAccessKeyId": {"key"}, "Signature": {"AAAA"},
		"Expires": {strconv.FormatInt(expires.Unix(), 10)},
	}.Encode()
}
