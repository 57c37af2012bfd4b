package s3

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// maxUserMetadata is the maximum size, in bytes, of an object's x-amz-meta names and values, as in
// S3.
const maxUserMetadata = 2 << 10

const (
	metadataPrefix     = "X-Amz-Meta-"
	defaultContentType = "binary/octet-stream"
	storageClassHeader = "X-Amz-Storage-Class"
	standard           = "STANDARD"
)

// objectHeader holds the data that is stored with an object, except the body.
type objectHeader struct {
	// Fields are headers of the responses to GetObject and HeadObject, including checksums. The
	// names of metadata are in lower case; other names are in canonical form.
	Fields map[string]string
	Parts  []int64 `json:",omitempty"` // sizes of the parts of a multipart upload

	MD5      []byte `json:",omitempty"`
	Modified time.Time
	Tags     []tag `json:",omitempty"`
	Body     extentRecord
}

// storedFields lists the request headers that are stored with an object, besides metadata.
var storedFields = []string{
	"Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Type",
	"Expires", "X-Amz-Server-Side-Encryption", "X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id",
	storageClassHeader, "X-Amz-Website-Redirect-Location",
}

// storageClasses lists the values of the header x-amz-storage-class, except the default.
var storageClasses = []string{
	"DEEP_ARCHIVE", "GLACIER", "GLACIER_IR", "INTELLIGENT_TIERING", "ONEZONE_IA",
	"REDUCED_REDUNDANCY", "STANDARD_IA",
}

// newObjectHeader returns the headers of a request that are stored with the object.
func newObjectHeader(request http.Header) (objectHeader, error) {
	fields := map[string]string{"Content-Type": defaultContentType}
	for _, name := range storedFields {
		if value := request.Get(name); value != "" {
			fields[name] = value
		}
	}
	// aws-chunked describes the encoding of the request's body, not of the object.
	encodings := strings.Join(request.Values("Content-Encoding"), ",")
	encodings = strings.Trim(strings.Replace(encodings, "aws-chunked", "", 1), ", ")
	if fields["Content-Encoding"] = encodings; encodings == "" {
		delete(fields, "Content-Encoding")
	}
	switch class := fields[storageClassHeader]; {
	case class == standard:
		delete(fields, storageClassHeader) // S3 omits the default in responses
	case class != "" && !slices.Contains(storageClasses, class):
		return objectHeader{}, newFailure(http.StatusBadRequest, "InvalidStorageClass",
			"The storage class you specified is not valid", "StorageClassRequested", class)
	}
	size := 0
	for name, values := range request {
		if user, ok := strings.CutPrefix(name, metadataPrefix); ok {
			value := strings.Join(values, ",")
			fields[strings.ToLower(name)] = value
			size += len(user) + len(value)
		}
	}
	if size > maxUserMetadata {
		return objectHeader{}, newFailure(http.StatusBadRequest, "MetadataTooLarge",
			"Your metadata headers exceed the maximum allowed metadata size")
	}
	return objectHeader{Fields: fields}, nil
}

// newTaggedHeader works like newObjectHeader, and also reads the tags in the request's header.
func newTaggedHeader(request http.Header) (header objectHeader, err error) {
	if header, err = newObjectHeader(request); err != nil {
		return header, err
	}
	header.Tags, err = parseTagHeader(request)
	return header, err
}

// storageClass returns the storage class as listings show it.
func (h objectHeader) storageClass() string {
	return cmp.Or(h.Fields[storageClassHeader], standard)
}

// write adds the fields to the header of a response.
func (h objectHeader) write(response http.Header) {
	for name, value := range h.Fields {
		response[name] = []string{value} // Set would capitalize the names of metadata
	}
}

// withoutChecksums returns a header with all fields except the checksums.
func (h objectHeader) withoutChecksums() objectHeader {
	fields := maps.Clone(h.Fields)
	maps.DeleteFunc(fields, func(name, _ string) bool {
		return strings.HasPrefix(name, checksumPrefix)
	})
	return objectHeader{Fields: fields}
}
