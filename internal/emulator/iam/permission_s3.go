package iam

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// s3Actions are the actions of S3's operations on a bucket or an object.
var s3Actions = map[string]string{
	"HeadBucket": "ListBucket", "ListObjectsV2": "ListBucket", "ListObjectVersions": "ListBucketVersions",
	"ListMultipartUploads": "ListBucketMultipartUploads", "GetBucketLocation": "GetBucketLocation",
	"GetBucketVersioning": "GetBucketVersioning", "PutBucketVersioning": "PutBucketVersioning",
	"CreateBucket": "CreateBucket", "DeleteBucket": "DeleteBucket",

	"GetObject": "GetObject", "HeadObject": "GetObject", "PutObject": "PutObject", "CopyObject": "PutObject",
	"CreateMultipartUpload": "PutObject", "UploadPart": "PutObject", "CompleteMultipartUpload": "PutObject",
	"ListParts": "ListMultipartUploadParts", "AbortMultipartUpload": "AbortMultipartUpload", "DeleteObject": "DeleteObject",
}

func s3Permissions(operation string, r *http.Request, body []byte) ([]permission, error) {
	bucket, key := protocol.S3Object(r)
	switch operation {
	case "ListBuckets":
		return []permission{{action: "s3:ListAllMyBuckets", resource: "*"}}, nil
	case "DeleteObjects":
		return deleteObjectsPermissions(bucket, body)
	}
	action, ok := s3Actions[operation]
	if !ok {
		return nil, fmt.Errorf("it is not known which action %s %s needs", r.Method, r.URL.Path)
	}
	query := r.URL.Query()
	if query.Has("versionId") && (action == "GetObject" || action == "DeleteObject") {
		action += "Version"
	}
	list := []permission{{action: "s3:" + action, resource: objectARN(bucket, key), context: s3Context(operation, r, query)}}
	switch {
	case operation == "PutObject" && r.Header.Get("If-Match") != "":
		// Its answer tells whether the object is as the caller says.
		list = append(list, permission{action: "s3:GetObject", resource: objectARN(bucket, key)})
	case operation == "CopyObject":
		from, err := url.PathUnescape(strings.TrimPrefix(r.Header.Get("X-Amz-Copy-Source"), "/"))
		if err != nil {
			return nil, fmt.Errorf("read the copy's source: %w", err)
		}
		from, _, _ = strings.Cut(from, "?versionId=")
		list = append(list, permission{action: "s3:GetObject", resource: "arn:aws:s3:::" + from})
	}
	return list, nil
}

func objectARN(bucket, key string) string {
	if key == "" {
		return "arn:aws:s3:::" + bucket
	}
	return "arn:aws:s3:::" + bucket + "/" + key
}

// s3Context are the values of S3's own condition keys.
func s3Context(operation string, r *http.Request, query url.Values) map[string]string {
	context := map[string]string{}
	for key, parameter := range map[string]string{
		"s3:prefix": "prefix", "s3:delimiter": "delimiter", "s3:max-keys": "max-keys", "s3:versionid": "versionId",
	} {
		if query.Has(parameter) {
			context[key] = query.Get(parameter)
		}
	}
	for key, header := range map[string]string{"s3:if-match": "If-Match", "s3:if-none-match": "If-None-Match"} {
		if value := r.Header.Get(header); value != "" {
			context[key] = value
		}
	}
	if s3Actions[operation] == "PutObject" {
		// What is begun and filled by the other operations of an upload becomes an object with the last.
		context["s3:objectcreationoperation"] = "true"
		if operation == "CreateMultipartUpload" || operation == "UploadPart" {
			context["s3:objectcreationoperation"] = "false"
		}
	}
	return context
}

// deleteObjectsPermissions are the accesses of a request that deletes many objects. S3 refuses each by itself; here one refuses all.
func deleteObjectsPermissions(bucket string, body []byte) ([]permission, error) {
	var in struct {
		Object []struct {
			Key       string
			VersionID string `xml:"VersionId"`
		}
	}
	if err := xml.Unmarshal(body, &in); err != nil {
		return nil, fmt.Errorf("read what to delete: %w", err)
	}
	var list []permission
	for _, o := range in.Object {
		action := "s3:DeleteObject"
		if o.VersionID != "" {
			action += "Version"
		}
		list = append(list, permission{action: action, resource: objectARN(bucket, o.Key)})
	}
	return list, nil
}
