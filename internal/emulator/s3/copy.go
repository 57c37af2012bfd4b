package s3

import (
	"fmt"
	"strings"
)

const copySourcePrefix = "X-Amz-Copy-Source-"

// copied represents the XML document that CopyObject and UploadPartCopy return.
type copied struct {
	LastModified string
	ETag         string
	Checksum     []element
}

// findSource returns the version that the header x-amz-copy-source names. It returns an error if
// the conditions of the request do not hold.
func (s *Service) findSource(c *call) (v *version, source copySource, err error) {
	source, err = parseCopySource(c.r)
	if err != nil {
		return nil, source, invalidArgument("x-amz-copy-source",
			c.r.Header.Get("X-Amz-Copy-Source"),
			"Copy Source must mention the source bucket and key: sourcebucket/sourcekey")
	}
	err = s.objects.view(source.Bucket, func(b *bucket) error {
		if v, err = s.objects.find(b, source.Key, source.VersionID); err != nil {
			return err
		}
		switch {
		case v.deleteMarker && source.VersionID != "":
			return invalidRequest("The source of a copy request may not specifically refer to a " +
				"delete marker by version id.")
		case v.deleteMarker:
			return noSuchKey(source.Key)
		case b.versioning != "":
			c.w.Header().Set(copySourcePrefix+"Version-Id", v.id())
		}
		return nil
	})
	if err != nil {
		return nil, source, err
	}
	if failed := failedCondition(c.r.Header, copySourcePrefix, v); failed != "" {
		return nil, source, preconditionFailed("x-amz-copy-source-" + failed)
	}
	return v, source, nil
}

// replaces reports whether a directive header is REPLACE. If so, the copy gets the metadata or tags
// of the request. Otherwise, it gets those of the source.
func (c *call) replaces(directive string) (bool, error) {
	switch value := c.r.Header.Get(directive); value {
	case "", "COPY":
		return false, nil
	case "REPLACE":
		return true, nil
	default:
		return false, invalidArgument(strings.ToLower(directive), value,
			"Unknown directive, want COPY or REPLACE.")
	}
}

func (s *Service) copyObject(c *call) error {
	if err := checkWriteConditions(c.r.Header); err != nil {
		return err
	}
	from, source, err := s.findSource(c)
	if err != nil {
		return err
	}
	if from.body.size > maxBody {
		return invalidRequest("The specified copy source is larger than the maximum allowable " +
			"size for a copy source: " + fmt.Sprint(maxBody))
	}
	header, err := c.copiedHeader(from, source)
	if err != nil {
		return err
	}
	if header.Tags, err = c.copiedTags(from); err != nil {
		return err
	}
	checksum, err := c.copiedChecksum(from)
	if err != nil {
		return err
	}
	body, _, err := s.store(from.body.read(), from.body.size, checksum)
	if err != nil {
		return err
	}
	v, err := s.addContent(c, header, body)
	if err != nil {
		return err
	}
	return c.respond("CopyObjectResult", copied{
		LastModified: xmlTime(v.Modified), ETag: v.etag(),
		Checksum: body.checksumElements(fullObject),
	})
}

// copiedHeader returns the header that the copy gets, without checksums.
func (c *call) copiedHeader(from *version, source copySource) (objectHeader, error) {
	replaces, err := c.replaces("X-Amz-Metadata-Directive")
	if err != nil {
		return objectHeader{}, err
	}
	header, err := newObjectHeader(c.r.Header)
	if err != nil || replaces {
		return header, err
	}
	class := c.r.Header.Get(storageClassHeader)
	same := source.Bucket == c.bucket && source.Key == c.key && source.VersionID == ""
	if same && class == "" && c.r.Header.Get("X-Amz-Server-Side-Encryption") == "" {
		return header, invalidRequest("This copy request is illegal because it is trying to " +
			"copy an object to itself without changing the object's metadata, storage class, " +
			"website redirect location or encryption attributes.")
	}
	copied := from.withoutChecksums()
	for _, name := range storedFields {
		if !strings.HasPrefix(name, "X-Amz-") {
			continue
		}
		delete(copied.Fields, name) // the copy gets this header only from the request
		if value := header.Fields[name]; value != "" {
			copied.Fields[name] = value
		}
	}
	return copied, nil
}

// copiedTags returns the tags that the copy gets.
func (c *call) copiedTags(from *version) ([]tag, error) {
	replaces, err := c.replaces("X-Amz-Tagging-Directive")
	if err != nil {
		return nil, err
	}
	if replaces {
		return parseTagHeader(c.r.Header)
	}
	return from.Tags, nil
}

// copiedChecksum returns the name of the copy's checksum header. Without an algorithm in the
// request, the copy has the source's checksum header.
func (c *call) copiedChecksum(from *version) (string, error) {
	requested, err := checksumHeader(c.r.Header.Get("X-Amz-Checksum-Algorithm"))
	if requested != "" || err != nil {
		return requested, err
	}
	for name := range checksums {
		if from.Fields[name] != "" {
			return name, nil
		}
	}
	return "", nil
}
