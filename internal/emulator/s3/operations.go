package s3

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// operation describes an operation of S3: the requests that call it, and its implementation.
type operation struct {
	// request holds the method, the target, and the query parameter that selects the operation. The
	// target is account, bucket, object, or copy for an object with the header x-amz-copy-source.
	request string
	action  string // IAM action; "" if it has the operation's name
	serve   func(*Service, *call) error
}

// operations maps the name of each supported operation to its description.
var operations = map[string]operation{
	"ListBuckets":         {"GET account", "ListAllMyBuckets", (*Service).listBuckets},
	"CreateBucket":        {"PUT bucket", "", (*Service).createBucket},
	"DeleteBucket":        {"DELETE bucket", "", (*Service).deleteBucket},
	"HeadBucket":          {"HEAD bucket", "ListBucket", (*Service).headBucket},
	"GetBucketLocation":   {"GET bucket?location", "", (*Service).getBucketLocation},
	"GetBucketVersioning": {"GET bucket?versioning", "", (*Service).getBucketVersioning},
	"PutBucketVersioning": {"PUT bucket?versioning", "", (*Service).putBucketVersioning},
	"GetBucketTagging":    {"GET bucket?tagging", "", (*Service).getBucketTagging},
	"PutBucketTagging":    {"PUT bucket?tagging", "", (*Service).putBucketTagging},
	"DeleteBucketTagging": {
		"DELETE bucket?tagging", "PutBucketTagging", (*Service).deleteBucketTagging,
	},

	"ListObjects":   {"GET bucket", "ListBucket", (*Service).listObjects},
	"ListObjectsV2": {"GET bucket?list-type", "ListBucket", (*Service).listObjectsV2},
	"ListObjectVersions": {
		"GET bucket?versions", "ListBucketVersions", (*Service).listObjectVersions,
	},

	"PutObject":           {"PUT object", "", (*Service).putObject},
	"CopyObject":          {"PUT copy", "PutObject", (*Service).copyObject},
	"GetObject":           {"GET object", "", (*Service).getObject},
	"HeadObject":          {"HEAD object", "GetObject", (*Service).getObject},
	"DeleteObject":        {"DELETE object", "", (*Service).deleteObject},
	"DeleteObjects":       {"POST bucket?delete", "", (*Service).deleteObjects},
	"GetObjectTagging":    {"GET object?tagging", "", (*Service).getObjectTagging},
	"PutObjectTagging":    {"PUT object?tagging", "", (*Service).putObjectTagging},
	"DeleteObjectTagging": {"DELETE object?tagging", "", (*Service).deleteObjectTagging},

	"CreateMultipartUpload": {
		"POST object?uploads", "PutObject", (*Service).createMultipartUpload,
	},
	"UploadPart":     {"PUT object?uploadId", "PutObject", (*Service).uploadPart},
	"UploadPartCopy": {"PUT copy?uploadId", "PutObject", (*Service).uploadPartCopy},
	"ListParts":      {"GET object?uploadId", "ListMultipartUploadParts", (*Service).listParts},
	"CompleteMultipartUpload": {
		"POST object?uploadId", "PutObject", (*Service).completeMultipartUpload,
	},
	"AbortMultipartUpload": {
		"DELETE object?uploadId", "", (*Service).abortMultipartUpload,
	},
	"ListMultipartUploads": {
		"GET bucket?uploads", "ListBucketMultipartUploads", (*Service).listMultipartUploads,
	},
}

// operationNames maps the field request of each operation to the operation's name.
var operationNames = func() map[string]string {
	names := map[string]string{}
	for name, o := range operations {
		names[o.request] = name
	}
	return names
}()

// parameters lists the query parameters that select operations, sorted.
var parameters = func() []string {
	var list []string
	for _, o := range operations {
		if _, parameter, ok := strings.Cut(o.request, "?"); ok {
			list = append(list, parameter)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}()

// Operations returns the sorted names of the operations.
func (*Service) Operations() []string { return slices.Sorted(maps.Keys(operations)) }

// operationOf implements Info.Operation.
func operationOf(r *http.Request) string {
	bucket, key := requestedObject(r)
	target := "account"
	switch {
	case key != "":
		target = "object"
	case bucket != "":
		target = "bucket"
	}
	selected := ""
	if r.URL.RawQuery != "" {
		query := r.URL.Query()
		// The parameters are sorted, so that a request with two of them always has the same
		// operation.
		for _, p := range parameters {
			if query.Has(p) {
				selected = "?" + p
			}
		}
	}
	if target == "object" && r.Header.Get("X-Amz-Copy-Source") != "" {
		if name, ok := operationNames[r.Method+" copy"+selected]; ok {
			return name
		}
	}
	return operationNames[r.Method+" "+target+selected]
}
