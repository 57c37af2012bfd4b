package protocol

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// S3Object returns the bucket and the key of a request to S3, or "" for a missing one. The bucket
// is in the host, as in BUCKET.s3.localhost or BUCKET.localhost, or else in the path.
func S3Object(r *http.Request) (bucket, key string) {
	path := strings.TrimPrefix(r.URL.Path, "/")
	if bucket = S3HostBucket(r); bucket != "" {
		return bucket, path
	}
	bucket, key, _ = strings.Cut(path, "/")
	return bucket, key
}

// S3HostBucket returns the bucket in the host of a request, or "" if there is none.
func S3HostBucket(r *http.Request) string {
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	name, ok := strings.CutSuffix(strings.ToLower(host), ".localhost")
	if !ok {
		return ""
	}
	return s3Host.ReplaceAllString(name, "")
}

// s3Host matches the part of a host that names S3. This part can also contain a region.
var s3Host = regexp.MustCompile(`(^|\.)s3([.-]` + region + `)?$`)

// s3Operations maps the method and the target of a request, such as "GET bucket", to the possible
// operations. The inner key is the query parameter that selects an operation, or "" if the
// operation needs none.
var s3Operations = map[string]map[string]string{
	"GET account": {"": "ListBuckets"},
	"GET bucket": {
		"":           "ListObjects",
		"list-type":  "ListObjectsV2",
		"location":   "GetBucketLocation",
		"tagging":    "GetBucketTagging",
		"uploads":    "ListMultipartUploads",
		"versioning": "GetBucketVersioning",
		"versions":   "ListObjectVersions",
	},
	"HEAD bucket": {"": "HeadBucket"},
	"PUT bucket": {
		"":           "CreateBucket",
		"tagging":    "PutBucketTagging",
		"versioning": "PutBucketVersioning",
	},
	"DELETE bucket": {"": "DeleteBucket", "tagging": "DeleteBucketTagging"},
	"POST bucket":   {"delete": "DeleteObjects"},
	"GET object":    {"": "GetObject", "tagging": "GetObjectTagging", "uploadId": "ListParts"},
	"HEAD object":   {"": "HeadObject"},
	"PUT object":    {"": "PutObject", "tagging": "PutObjectTagging", "uploadId": "UploadPart"},
	"POST object":   {"uploads": "CreateMultipartUpload", "uploadId": "CompleteMultipartUpload"},
	"DELETE object": {
		"":         "DeleteObject",
		"tagging":  "DeleteObjectTagging",
		"uploadId": "AbortMultipartUpload",
	},
}

// s3Parameters lists the query parameters that select operations, sorted.
var s3Parameters = func() []string {
	var list []string
	for _, operations := range s3Operations {
		for parameter := range operations {
			if parameter != "" {
				list = append(list, parameter)
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}()

// s3Copies maps an operation to its copy operation. The header x-amz-copy-source selects the copy
// operation.
var s3Copies = map[string]string{"PutObject": "CopyObject", "UploadPart": "UploadPartCopy"}

// S3Operation returns the operation of a request to S3, or "" if it is unknown.
func S3Operation(r *http.Request) string {
	bucket, key := S3Object(r)
	target := "account"
	switch {
	case key != "":
		target = "object"
	case bucket != "":
		target = "bucket"
	}
	operations := s3Operations[r.Method+" "+target]
	operation := operations[""]
	if r.URL.RawQuery != "" {
		query := r.URL.Query()
		// The parameters are sorted, so that a request with two of them always has the same
		// operation.
		for _, parameter := range s3Parameters {
			if query.Has(parameter) {
				operation = operations[parameter]
			}
		}
	}
	if copies := s3Copies[operation]; copies != "" && r.Header.Get("X-Amz-Copy-Source") != "" {
		return copies
	}
	return operation
}

// CopySource names the object that a request copies. VersionID is "" for the newest version.
type CopySource struct{ Bucket, Key, VersionID string }

// S3CopySource parses the header x-amz-copy-source.
func S3CopySource(r *http.Request) (CopySource, error) {
	text, version, _ := strings.Cut(r.Header.Get("X-Amz-Copy-Source"), "?versionId=")
	path, err := url.PathUnescape(text)
	if err != nil {
		return CopySource{}, fmt.Errorf("parse x-amz-copy-source: %w", err)
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if bucket == "" || key == "" {
		return CopySource{}, fmt.Errorf("x-amz-copy-source must be BUCKET/KEY, got %q", text)
	}
	return CopySource{bucket, key, version}, nil
}
