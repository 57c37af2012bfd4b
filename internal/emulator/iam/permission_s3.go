package iam

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// s3Actions maps an S3 operation to its IAM action if their names differ.
var s3Actions = map[string]string{
	"HeadBucket":           "ListBucket",
	"ListMultipartUploads": "ListBucketMultipartUploads",
	"ListObjectVersions":   "ListBucketVersions",
	"ListObjects":          "ListBucket",
	"ListObjectsV2":        "ListBucket",
	"DeleteBucketTagging":  "PutBucketTagging",

	"CompleteMultipartUpload": "PutObject",
	"CopyObject":              "PutObject",
	"CreateMultipartUpload":   "PutObject",
	"HeadObject":              "GetObject",
	"ListParts":               "ListMultipartUploadParts",
	"UploadPart":              "PutObject",
	"UploadPartCopy":          "PutObject",
}

func s3Permissions(operation string, r *http.Request, body []byte) ([]permission, error) {
	bucket, key := protocol.S3Object(r)
	switch operation {
	case "ListBuckets":
		return []permission{{action: "s3:ListAllMyBuckets", resource: "*"}}, nil
	case "DeleteObjects":
		return deleteObjectsPermissions(bucket, body)
	}
	action := cmp.Or(s3Actions[operation], operation)
	if action == "" {
		return nil, fmt.Errorf("the emulator does not know the call %s %s", r.Method, r.URL.Path)
	}
	query := r.URL.Query()
	if query.Has("versionId") {
		action = cmp.Or(s3VersionActions[action], action)
	}
	object := objectARN(bucket, key)
	list := []permission{{"s3:" + action, object, s3Context(operation, r, query)}}
	if operation == "PutObject" && r.Header.Get("If-Match") != "" {
		// S3 also requires s3:GetObject, because the response reveals the object's state.
		list = append(list, permission{action: "s3:GetObject", resource: object})
	}
	if r.Header.Get("X-Amz-Tagging") != "" && action == "PutObject" {
		list = append(list, permission{action: "s3:PutObjectTagging", resource: object})
	}
	if operation == "CopyObject" || operation == "UploadPartCopy" {
		source, err := protocol.S3CopySource(r)
		if err != nil {
			return nil, err
		}
		read := "GetObject"
		if source.VersionID != "" {
			read = s3VersionActions[read]
		}
		list = append(list, permission{
			action: "s3:" + read, resource: objectARN(source.Bucket, source.Key),
		})
	}
	return list, nil
}

// s3VersionActions maps an IAM action to the action that a request with a versionId needs.
var s3VersionActions = map[string]string{
	"DeleteObject":        "DeleteObjectVersion",
	"DeleteObjectTagging": "DeleteObjectVersionTagging",
	"GetObject":           "GetObjectVersion",
	"GetObjectTagging":    "GetObjectVersionTagging",
	"PutObjectTagging":    "PutObjectVersionTagging",
}

func objectARN(bucket, key string) string {
	if key == "" {
		return "arn:aws:s3:::" + bucket
	}
	return "arn:aws:s3:::" + bucket + "/" + key
}

// s3Context returns the values of S3's condition keys.
func s3Context(operation string, r *http.Request, query url.Values) map[string]string {
	context := map[string]string{}
	for key, parameter := range map[string]string{
		"s3:prefix": "prefix", "s3:delimiter": "delimiter",
		"s3:max-keys": "max-keys", "s3:versionid": "versionId",
	} {
		if query.Has(parameter) {
			context[key] = query.Get(parameter)
		}
	}
	for _, header := range []string{"if-match", "if-none-match"} {
		if value := r.Header.Get(header); value != "" {
			context["s3:"+header] = value
		}
	}
	if operation == "PutObject" || s3Actions[operation] == "PutObject" {
		// Only the last operation of a multipart upload creates the object.
		creates := operation != "CreateMultipartUpload" &&
			!strings.HasPrefix(operation, "UploadPart")
		context["s3:objectcreationoperation"] = strconv.FormatBool(creates)
	}
	return context
}

// deleteObjectsPermissions returns one permission for each object. The emulator rejects the whole
// request if one permission is missing. S3 rejects only that object.
func deleteObjectsPermissions(bucket string, body []byte) ([]permission, error) {
	var in struct {
		Object []struct {
			Key       string
			VersionID string `xml:"VersionId"`
		}
	}
	if err := xml.Unmarshal(body, &in); err != nil {
		return nil, fmt.Errorf("parse the objects to delete: %w", err)
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
