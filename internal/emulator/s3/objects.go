package s3

import (
	"cmp"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

func (s *Service) putObject(c *call) error {
	if err := checkWriteConditions(c.r.Header); err != nil {
		return err
	}
	header, err := newTaggedHeader(c.r.Header)
	if err != nil {
		return err
	}
	body, err := s.receive(c.r, "")
	if err != nil {
		return err
	}
	v, err := s.addContent(c, header, body)
	if err != nil {
		return err
	}
	c.w.Header().Set("ETag", v.etag())
	for name, value := range header.Fields {
		if strings.HasPrefix(name, checksumPrefix) {
			c.w.Header().Set(name, value)
		}
	}
	return nil
}

// addContent adds a version with the content. This version becomes the newest one of the requested
// object.
func (s *Service) addContent(c *call, header objectHeader, body content) (*version, error) {
	body.addChecksum(header.Fields, fullObject)
	header.MD5 = body.md5[:]
	v := &version{objectHeader: header, body: body.extent}
	return v, s.add(c, v)
}

// add makes v the newest version of the requested object. It returns an error if the request's
// conditions do not hold. After any error, it releases the version's body.
func (s *Service) add(c *call, v *version) error {
	err := s.objects.update(c.bucket, func(b *bucket) error {
		newest, err := s.objects.newest(b, c.key)
		if err != nil {
			return err
		}
		if err := checkWrite(c.r.Header, c.key, newest); err != nil {
			return err
		}
		v.Modified = s.config.Now()
		if err := s.objects.add(b, c.key, v); err != nil {
			return err
		}
		c.writeVersion(b, v)
		return nil
	})
	if err != nil {
		s.bodies.release(v.body)
	}
	return err
}

// writeVersion sets the header with the version id. A bucket whose versioning was never enabled has
// no version ids.
func (c *call) writeVersion(b *bucket, v *version) {
	if b.versioning != "" {
		c.w.Header().Set("X-Amz-Version-Id", v.id())
	}
}

// overrides maps query parameters of GetObject to the response headers that they replace.
var overrides = map[string]string{
	"response-cache-control":       "Cache-Control",
	"response-content-disposition": "Content-Disposition",
	"response-content-encoding":    "Content-Encoding",
	"response-content-language":    "Content-Language",
	"response-content-type":        "Content-Type",
	"response-expires":             "Expires",
}

// getObject serves GetObject and HeadObject.
func (s *Service) getObject(c *call) error {
	v, err := s.findObject(c)
	if err != nil {
		return err
	}
	if err := checkRead(c.r.Header, v); err != nil {
		c.writeValidators(v)
		return err
	}
	part, partial, err := c.requestedRange(v)
	if err != nil {
		return err
	}
	c.writeObjectHeader(v, partial)
	status := http.StatusOK
	if partial {
		status = http.StatusPartialContent
		c.w.Header().Set("Content-Range", part.contentRange(v.body.size))
	}
	c.w.Header().Set("Content-Length", strconv.FormatInt(part.size, 10))
	c.w.WriteHeader(status)
	if c.r.Method == http.MethodGet {
		body := io.NewSectionReader(v.body.read(), part.offset, part.size)
		// Hide c.w.ReadFrom, which allocates a buffer of 32 KiB even for a small body.
		buffer := make([]byte, min(part.size+1, 32<<10))
		_, _ = io.CopyBuffer(struct{ io.Writer }{c.w}, body, buffer)
	}
	return nil
}

// findObject returns the requested version. It returns an error for a delete marker.
func (s *Service) findObject(c *call) (v *version, err error) {
	err = s.objects.view(c.bucket, func(b *bucket) error {
		v, err = s.findIn(b, c)
		return err
	})
	return v, err
}

// findIn works like findObject. The caller holds the index's lock.
func (s *Service) findIn(b *bucket, c *call) (*version, error) {
	id := c.query.Get("versionId")
	v, err := s.objects.find(b, c.key, id)
	if err != nil {
		return nil, err
	}
	c.writeVersion(b, v)
	if !v.deleteMarker {
		return v, nil
	}
	c.w.Header().Set("X-Amz-Delete-Marker", "true")
	if id == "" {
		return nil, noSuchKey(c.key)
	}
	c.w.Header().Set("Allow", "DELETE")
	return nil, newFailure(http.StatusMethodNotAllowed, "MethodNotAllowed",
		"The specified method is not allowed against this resource.",
		"Method", c.r.Method, "ResourceType", "DeleteMarker")
}

// requestedRange returns the range of bytes to send. It reports whether the header Range or the
// parameter partNumber requests a partial response.
func (c *call) requestedRange(v *version) (byteRange, bool, error) {
	whole := byteRange{0, v.body.size}
	requested := c.r.Header.Get("Range")
	if number := c.query.Get("partNumber"); number != "" {
		if requested != "" {
			return whole, false, invalidRequest(
				"Cannot specify both Range header and partNumber query parameter")
		}
		part, err := partRange(number, v.Parts, v.body.size)
		if len(v.Parts) > 0 {
			c.w.Header().Set("X-Amz-Mp-Parts-Count", strconv.Itoa(len(v.Parts)))
		}
		return part, part.size > 0, err
	}
	if !ifRangeHolds(c.r.Header.Get("If-Range"), v) {
		return whole, false, nil
	}
	part, ok, err := parseRange(requested, v.body.size)
	if err != nil {
		c.w.Header().Set("Content-Range", "bytes */"+strconv.FormatInt(v.body.size, 10))
	}
	if !ok {
		part = whole
	}
	return part, ok, err
}

// writeValidators sets ETag and Last-Modified. A response with status 304 also has these headers.
func (c *call) writeValidators(v *version) {
	c.w.Header().Set("ETag", v.etag())
	c.w.Header().Set("Last-Modified", v.Modified.UTC().Format(http.TimeFormat))
}

func (c *call) writeObjectHeader(v *version, partial bool) {
	header := v.objectHeader
	// Stored checksums belong to the whole object.
	if partial || c.r.Header.Get("X-Amz-Checksum-Mode") != "ENABLED" {
		header = header.withoutChecksums()
	}
	response := c.w.Header()
	header.write(response)
	c.writeValidators(v)
	response.Set("Accept-Ranges", "bytes")
	if len(v.Tags) > 0 {
		response.Set("X-Amz-Tagging-Count", strconv.Itoa(len(v.Tags)))
	}
	for parameter, name := range overrides {
		if value := c.query.Get(parameter); value != "" {
			response.Set(name, value)
		}
	}
}

func (s *Service) deleteObject(c *call) error {
	var deleted deletedObject
	err := s.objects.update(c.bucket, func(b *bucket) (err error) {
		if match := c.r.Header.Get(ifMatch); match != "" {
			v, err := s.objects.newest(b, c.key)
			if err != nil {
				return err
			}
			if v == nil && match != "*" {
				return noSuchKey(c.key)
			}
			if v == nil || !matchesETag(match, v.etag(), false) {
				return preconditionFailed(ifMatch)
			}
		}
		deleted, err = s.deleteVersion(b, c.key, c.query.Get("versionId"))
		return err
	})
	if err != nil {
		return err
	}
	if id := cmp.Or(deleted.VersionID, deleted.DeleteMarkerVersionID); id != "" {
		c.w.Header().Set("X-Amz-Version-Id", id)
	}
	if deleted.DeleteMarker {
		c.w.Header().Set("X-Amz-Delete-Marker", "true")
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

// deletedObject describes a deleted object, or an added or deleted delete marker.
type deletedObject struct {
	Key                   string
	VersionID             string `xml:"VersionId,omitempty"`
	DeleteMarker          bool   `xml:",omitempty"`
	DeleteMarkerVersionID string `xml:"DeleteMarkerVersionId,omitempty"`
}

// deleteVersion permanently deletes the version with the id. If id is "", it adds a delete marker,
// or deletes the object if the bucket never had versioning. The caller holds the index's lock.
func (s *Service) deleteVersion(b *bucket, key, id string) (deletedObject, error) {
	deleted := deletedObject{Key: key}
	switch {
	case id != "":
		if v, err := s.objects.find(b, key, id); err == nil {
			if deleted.DeleteMarker = v.deleteMarker; v.deleteMarker {
				deleted.DeleteMarkerVersionID = id
			}
		}
		deleted.VersionID = id
		return deleted, s.objects.remove(b, key, id)
	case b.versioning == "":
		return deleted, s.objects.remove(b, key, "null")
	}
	marker := &version{}
	marker.deleteMarker, marker.Modified = true, s.config.Now()
	if err := s.objects.add(b, key, marker); err != nil {
		return deleted, err
	}
	deleted.DeleteMarker, deleted.DeleteMarkerVersionID = true, marker.id()
	return deleted, nil
}

// maxDeletedObjects limits the number of objects in a DeleteObjects request, as in S3.
const maxDeletedObjects = 1000

func (s *Service) deleteObjects(c *call) error {
	type requestedObject struct {
		Key       string
		VersionID string `xml:"VersionId"`
	}
	var in struct {
		Quiet  bool
		Object []requestedObject
	}
	if err := s.readXML(c.r, "Delete", &in); err != nil {
		return err
	}
	if len(in.Object) == 0 || len(in.Object) > maxDeletedObjects ||
		slices.ContainsFunc(in.Object, func(o requestedObject) bool { return o.Key == "" }) {
		return malformedXML()
	}
	type deleteError struct {
		Key       string
		VersionID string `xml:"VersionId,omitempty"`
		Code      string
		Message   string
	}
	var out struct {
		Deleted []deletedObject
		Error   []deleteError
	}
	err := s.objects.update(c.bucket, func(b *bucket) error {
		for _, o := range in.Object {
			deleted, err := s.deleteVersion(b, o.Key, o.VersionID)
			switch {
			case err != nil:
				out.Error = append(out.Error,
					deleteError{o.Key, o.VersionID, "InternalError", err.Error()})
			case !in.Quiet:
				out.Deleted = append(out.Deleted, deleted)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.respond("DeleteResult", out)
}
