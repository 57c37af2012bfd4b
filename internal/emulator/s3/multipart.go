package s3

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Limits of multipart uploads, as in S3.
const (
	maxParts    = 10_000
	minPartSize = 5 << 20 // does not apply to the last part
)

// uploads holds the incomplete multipart uploads. It is not stored, so a client must begin an
// upload again after a restart.
type uploads struct {
	mu     sync.Mutex
	latest int
	byID   map[string]*upload
}

func newUploads() *uploads { return &uploads{byID: map[string]*upload{}} }

type upload struct {
	id           string
	bucket       *bucket
	key          string
	number       int // increases with each upload
	initiated    time.Time
	header       objectHeader
	checksumName string // header of the checksum; "" if the client requested none
	checksumType string
	parts        map[int]*part
}

type part struct {
	content
	modified time.Time
}

func (p *part) etag() string { return fmt.Sprintf(`"%x"`, p.md5) }

// withUpload calls fn with the requested upload. fn may change the upload.
func (u *uploads) withUpload(c *call, fn func(up *upload) error) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	id := c.query.Get("uploadId")
	up := u.byID[id]
	if up == nil || up.bucket.name != c.bucket || up.key != c.key {
		return noSuchUpload(id)
	}
	return fn(up)
}

// take removes and returns the requested upload. If fn returns an error, take returns the error and
// keeps the upload.
func (u *uploads) take(c *call, fn func(up *upload) error) (taken *upload, err error) {
	err = u.withUpload(c, func(up *upload) error {
		if err := fn(up); err != nil {
			return err
		}
		taken = up
		delete(u.byID, up.id)
		return nil
	})
	return taken, err
}

// add adds an upload. If the upload is new, add assigns its number and id.
func (u *uploads) add(up *upload) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if up.number == 0 {
		u.latest++
		up.number = u.latest
		up.id = fmt.Sprintf("%x-%d", up.initiated.UnixNano(), up.number)
	}
	u.byID[up.id] = up
}

// removeAll removes and returns the uploads of a bucket.
func (u *uploads) removeAll(b *bucket) (removed []*upload) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for id, up := range u.byID {
		if up.bucket == b {
			removed = append(removed, up)
			delete(u.byID, id)
		}
	}
	return removed
}

// putBack adds an upload again after its completion failed. If the bucket no longer exists, putBack
// discards the upload.
func (s *Service) putBack(up *upload) {
	err := s.objects.view(up.bucket.name, func(b *bucket) error {
		if b != up.bucket {
			return noSuchBucket(b.name)
		}
		s.uploads.add(up)
		return nil
	})
	if err != nil {
		s.releaseParts(up)
	}
}

func (s *Service) releaseParts(up *upload) {
	for _, p := range up.parts {
		s.bodies.release(p.extent)
	}
}

func (s *Service) createMultipartUpload(c *call) error {
	header, err := newTaggedHeader(c.r.Header)
	if err != nil {
		return err
	}
	algorithm := c.r.Header.Get("X-Amz-Checksum-Algorithm")
	checksum, err := checksumHeader(algorithm)
	if err != nil {
		return err
	}
	kind := c.r.Header.Get(checksumTypeHeader)
	if checksum != "" && kind == "" {
		kind = composite
		if algorithm == "CRC64NVME" {
			kind = fullObject
		}
	}
	up := &upload{
		key: c.key, initiated: s.config.Now(), header: header,
		checksumName: checksum, checksumType: kind, parts: map[int]*part{},
	}
	err = s.objects.view(c.bucket, func(b *bucket) error { // so that the bucket still exists
		up.bucket = b
		s.uploads.add(up)
		return nil
	})
	if err != nil {
		return err
	}
	if checksum != "" {
		c.w.Header().Set("X-Amz-Checksum-Algorithm", algorithm)
		c.w.Header().Set(checksumTypeHeader, kind)
	}
	return c.respond("InitiateMultipartUploadResult", struct {
		Bucket, Key string
		UploadID    string `xml:"UploadId"`
	}{c.bucket, c.key, up.id})
}

// partNumber returns the number of the requested part, and the checksum header of its upload.
func (s *Service) partNumber(c *call) (number int, checksum string, err error) {
	text := c.query.Get("partNumber")
	number, err = strconv.Atoi(text)
	if err != nil || number < 1 || number > maxParts {
		return 0, "", invalidArgument("partNumber", text,
			"Part number must be an integer between 1 and 10000, inclusive")
	}
	err = s.uploads.withUpload(c, func(up *upload) error {
		checksum = up.checksumName
		return nil
	})
	return number, checksum, err
}

func (s *Service) uploadPart(c *call) error {
	number, checksum, err := s.partNumber(c)
	if err != nil {
		return err
	}
	body, err := s.receive(c.r, checksum)
	if err != nil {
		return err
	}
	p, err := s.addPart(c, number, body)
	if err != nil {
		return err
	}
	c.w.Header().Set("ETag", p.etag())
	if p.checksumName != "" {
		c.w.Header().Set(p.checksumName, p.checksum)
	}
	return nil
}

// addPart adds or replaces a part of the requested upload. If addPart fails, it releases the body.
func (s *Service) addPart(c *call, number int, body content) (*part, error) {
	p := &part{body, s.config.Now()}
	err := s.uploads.withUpload(c, func(up *upload) error {
		if up.checksumName != "" && p.checksumName != up.checksumName {
			return invalidRequest(fmt.Sprintf("Checksum Type mismatch occurred, expected checksum "+
				"Type: %s, actual checksum Type: %s",
				checksumAlgorithm(up.checksumName), checksumAlgorithm(p.checksumName)))
		}
		if old := up.parts[number]; old != nil {
			s.bodies.release(old.extent)
		}
		up.parts[number] = p
		return nil
	})
	if err != nil {
		s.bodies.release(body.extent)
	}
	return p, err
}

func (s *Service) uploadPartCopy(c *call) error {
	number, checksum, err := s.partNumber(c)
	if err != nil {
		return err
	}
	from, _, err := s.findSource(c)
	if err != nil {
		return err
	}
	source, size := from.body.read(), from.body.size
	if text := c.r.Header.Get(copySourcePrefix + "Range"); text != "" {
		requested, ok, err := parseRange(text, size)
		if err != nil || !ok || text != fmt.Sprintf("bytes=%d-%d",
			requested.offset, requested.offset+requested.size-1) {
			return invalidArgument("x-amz-copy-source-range", text, fmt.Sprintf(
				"Range specified is not valid for source object of size: %d", size))
		}
		source, size = io.NewSectionReader(source, requested.offset, requested.size), requested.size
	}
	body, _, err := s.store(source, size, checksum)
	if err != nil {
		return err
	}
	p, err := s.addPart(c, number, body)
	if err != nil {
		return err
	}
	return c.respond("CopyPartResult", copied{
		LastModified: xmlTime(p.modified), ETag: p.etag(), Checksum: p.checksumElements(""),
	})
}

func (s *Service) abortMultipartUpload(c *call) error {
	up, err := s.uploads.take(c, func(*upload) error { return nil })
	if err != nil {
		return err
	}
	s.releaseParts(up)
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}
