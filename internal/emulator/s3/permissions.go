package s3

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

// permissions implements Info.Permissions.
func permissions(
	_ protocol.Scope, operation string, r *http.Request,
) ([]protocol.Permission, error) {
	bucket, key := requestedObject(r)
	action := iamAction(operation)
	switch operation {
	case "ListBuckets":
		return []protocol.Permission{{Action: "s3:" + action, Resource: "*"}}, nil
	case "DeleteObjects":
		return deleteObjectsPermissions(bucket, r)
	}
	query := r.URL.Query()
	if query.Has("versionId") {
		action = cmp.Or(versionActions[action], action)
	}
	object := objectARN(bucket, key)
	list := []protocol.Permission{{
		Action: "s3:" + action, Resource: object, Context: conditions(operation, r, query),
	}}
	if operation == "PutObject" && r.Header.Get("If-Match") != "" {
		// For If-Match, S3 also requires s3:GetObject: the response reveals the object's state.
		list = append(list, protocol.Permission{Action: "s3:GetObject", Resource: object})
	}
	if r.Header.Get("X-Amz-Tagging") != "" && action == "PutObject" {
		list = append(list, protocol.Permission{Action: "s3:PutObjectTagging", Resource: object})
	}
	if operation == "CopyObject" || operation == "UploadPartCopy" {
		source, err := parseCopySource(r)
		if err != nil {
			return nil, err
		}
		read := "GetObject"
		if source.VersionID != "" {
			read = versionActions[read]
		}
		list = append(list, protocol.Permission{
			Action: "s3:" + read, Resource: objectARN(source.Bucket, source.Key),
		})
	}
	return list, nil
}

// iamAction returns the IAM action for an operation.
func iamAction(operation string) string { return cmp.Or(operations[operation].action, operation) }

// versionActions maps an IAM action to the action that a request with a versionId needs.
var versionActions = map[string]string{
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

// conditions returns the values of S3's condition keys.
func conditions(operation string, r *http.Request, query url.Values) map[string]string {
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
	if iamAction(operation) == "PutObject" {
		// Only the last operation of a multipart upload creates the object.
		creates := operation != "CreateMultipartUpload" &&
			!strings.HasPrefix(operation, "UploadPart")
		context["s3:objectcreationoperation"] = strconv.FormatBool(creates)
	}
	return context
}

// deleteObjectsPermissions returns one permission for each object. If one permission is missing,
// the emulator rejects the whole request. S3 would reject only the object without the permission.
func deleteObjectsPermissions(bucket string, r *http.Request) ([]protocol.Permission, error) {
	body, err := protocol.ReadBody(r, protocol.MaxJSONBody)
	if err != nil {
		return nil, err
	}
	var in struct {
		Object []struct {
			Key       string
			VersionID string `xml:"VersionId"`
		}
	}
	if err := xml.Unmarshal(body, &in); err != nil {
		return nil, fmt.Errorf("parse the objects to delete: %w", err)
	}
	var list []protocol.Permission
	for _, o := range in.Object {
		action := "s3:DeleteObject"
		if o.VersionID != "" {
			action += "Version"
		}
		list = append(list, protocol.Permission{Action: action, Resource: objectARN(bucket, o.Key)})
	}
	return list, nil
}

// notFoundPermission implements Info.NotFoundPermission. If an object does not exist, S3 responds
// with status 404 only to callers that may list the bucket.
func notFoundPermission(operation string, r *http.Request) (protocol.Permission, bool) {
	bucket, key := requestedObject(r)
	return protocol.Permission{
		Action: "s3:ListBucket", Resource: objectARN(bucket, ""),
		Context: map[string]string{"s3:prefix": key},
	}, operation == "GetObject" || operation == "HeadObject"
}
