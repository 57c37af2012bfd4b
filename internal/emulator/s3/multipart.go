package s3

import (
	"bytes"
	"cmp"
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Limits of multipart uploads, as in S3.
const (
	maxParts    = 10_000
	minPartSize = 5 << 20 // does not apply to the last part
)

// uploads holds the multipart uploads that are not complete. They are not stored: an upload must
// begin again after a restart.
type uploads struct {
	mu     sync.Mutex
	latest int
	byID   map[string]*upload
}

func newUploads() *uploads { return &uploads{byID: map[string]*upload{}} }

type upload struct {
	id, bucket, key string
	number          int // increases with each upload
	initiated       time.Time
	header          objectHeader
	tags            []tag
	checksumName    string // header of the checksum; "" if the client requested none
	checksumType    string
	parts           map[int]*part
}

type part struct {
	content
	modified time.Time
}

func (p *part) etag() string { return fmt.Sprintf(`"%x"`, p.md5) }

// with calls fn with the requested upload, which fn may change.
func (u *uploads) with(c *call, fn func(up *upload) error) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	id := c.query.Get("uploadId")
	up := u.byID[id]
	if up == nil || up.bucket != c.bucket || up.key != c.key {
		return noSuchUpload(id)
	}
	return fn(up)
}

// take removes and returns the requested upload, if fn returns no error.
func (u *uploads) take(c *call, fn func(up *upload) error) (taken *upload, err error) {
	err = u.with(c, func(up *upload) error {
		if err := fn(up); err != nil {
			return err
		}
		taken = up
		delete(u.byID, up.id)
		return nil
	})
	return taken, err
}

func (u *uploads) putBack(up *upload) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.byID[up.id] = up
}

func (s *Service) releaseParts(up *upload) {
	for _, p := range up.parts {
		s.bodies.release(p.extent)
	}
}

func (s *Service) createMultipartUpload(c *call) error {
	header, err := newObjectHeader(c.r.Header)
	if err != nil {
		return err
	}
	tags, err := parseTagHeader(c.r.Header)
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
		bucket: c.bucket, key: c.key, initiated: s.config.Now(), header: header, tags: tags,
		checksumName: checksum, checksumType: kind, parts: map[int]*part{},
	}
	s.uploads.mu.Lock()
	s.uploads.latest++
	up.number = s.uploads.latest
	up.id = fmt.Sprintf("%x-%d", up.initiated.UnixNano(), up.number)
	s.uploads.byID[up.id] = up
	s.uploads.mu.Unlock()

	if checksum != "" {
		c.w.Header().Set("X-Amz-Checksum-Algorithm", algorithm)
		c.w.Header().Set(checksumTypeHeader, kind)
	}
	return c.answer("InitiateMultipartUploadResult", struct {
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
	err = s.uploads.with(c, func(up *upload) error {
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

// addPart adds a part to the requested upload, or replaces it. If it fails, it releases the body.
func (s *Service) addPart(c *call, number int, body content) (*part, error) {
	p := &part{body, s.config.Now()}
	err := s.uploads.with(c, func(up *upload) error {
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
	return c.answer("CopyPartResult", copied{
		LastModified: xmlTime(p.modified), ETag: p.etag(), Checksum: p.elements(""),
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

// completedPart represents a part in the body of CompleteMultipartUpload.
type completedPart struct {
	PartNumber        int
	ETag              string
	ChecksumCRC32     string
	ChecksumCRC32C    string
	ChecksumCRC64NVME string
	ChecksumSHA1      string
	ChecksumSHA256    string
}

func (p completedPart) checksum() string {
	return cmp.Or(p.ChecksumCRC32, p.ChecksumCRC32C, p.ChecksumCRC64NVME, p.ChecksumSHA1,
		p.ChecksumSHA256)
}

func (s *Service) completeMultipartUpload(c *call) error {
	if err := checkWriteConditions(c.r.Header); err != nil {
		return err
	}
	// The checksum in the header belongs to the whole object, not to this body.
	name, err := requestChecksum(c.r.Header)
	if err != nil {
		return err
	}
	want := c.r.Header.Get(name)
	c.r.Header.Del(name)
	var in struct{ Part []completedPart }
	if err := s.readXML(c.r, "CompleteMultipartUpload", &in); err != nil {
		return err
	}
	var parts []*part
	up, err := s.uploads.take(c, func(up *upload) (err error) {
		parts, err = up.selectParts(in.Part)
		return err
	})
	if err != nil {
		return err
	}
	v, body, err := s.join(c, up, parts, want)
	if err != nil {
		s.uploads.putBack(up)
		return err
	}
	s.releaseParts(up)
	return c.answer("CompleteMultipartUploadResult", struct {
		Location, Bucket, Key, ETag string
		Checksum                    []element
	}{
		"http://" + c.r.Host + c.r.URL.EscapedPath(), c.bucket, c.key, v.etag(),
		body.elements(up.checksumType),
	})
}

// selectParts returns the parts that a client wants to join, in order.
func (up *upload) selectParts(requested []completedPart) ([]*part, error) {
	if len(requested) == 0 {
		return nil, malformedXML()
	}
	var parts []*part
	for i, r := range requested {
		p := up.parts[r.PartNumber]
		switch {
		case i > 0 && requested[i-1].PartNumber >= r.PartNumber:
			return nil, newFailure(http.StatusBadRequest, "InvalidPartOrder", "The list of parts "+
				"was not in ascending order. Parts must be ordered by part number.",
				"UploadId", up.id)
		case p == nil || strings.Trim(r.ETag, `"`) != strings.Trim(p.etag(), `"`),
			r.checksum() != "" && p.checksum != "" && r.checksum() != p.checksum:
			return nil, newFailure(http.StatusBadRequest, "InvalidPart", "One or more of the "+
				"specified parts could not be found.  The part may not have been uploaded, or "+
				"the specified entity tag may not match the part's entity tag.",
				"UploadId", up.id, "PartNumber", fmt.Sprint(r.PartNumber), "ETag", r.ETag)
		case i < len(requested)-1 && p.size < minPartSize:
			return nil, newFailure(http.StatusBadRequest, "EntityTooSmall",
				"Your proposed upload is smaller than the minimum allowed size",
				"ETag", strings.Trim(p.etag(), `"`), "MinSizeAllowed", fmt.Sprint(minPartSize),
				"ProposedSize", fmt.Sprint(p.size), "PartNumber", fmt.Sprint(r.PartNumber))
		}
		parts = append(parts, p)
	}
	return parts, nil
}

// join adds the object that consists of the parts. If want is not "", it must be the object's
// checksum.
func (s *Service) join(
	c *call, up *upload, parts []*part, want string,
) (*version, content, error) {
	header := objectHeader{Fields: maps.Clone(up.header.Fields)}
	var bodies []io.Reader
	var size int64
	var digests, sums []byte
	for _, p := range parts {
		bodies = append(bodies, p.read())
		size += p.size
		digests = append(digests, p.md5[:]...)
		header.Parts = append(header.Parts, p.size)
		sum, _ := base64.StdEncoding.DecodeString(p.checksum) // was calculated, so it is valid
		sums = append(sums, sum...)
	}
	body, _, err := s.store(io.MultiReader(bodies...), size, up.checksumName)
	if err != nil {
		return nil, body, err
	}
	if up.checksumName != "" && up.checksumType == composite {
		h := checksums[up.checksumName]()
		_, _ = io.Copy(h, bytes.NewReader(sums)) // hashes never fail
		body.checksum = fmt.Sprintf("%s-%d", base64Sum(h), len(parts))
	}
	if want != "" && up.checksumName != "" {
		if err := checkChecksum(up.checksumName, want, body.checksum); err != nil {
			s.bodies.release(body.extent)
			return nil, body, err
		}
	}
	body.addChecksum(header.Fields, up.checksumType)
	sum := md5.Sum(digests)
	header.MD5, header.Tags = sum[:], up.tags
	v := &version{objectHeader: header, body: body.extent}
	return v, body, s.add(c, v)
}

// elements returns the XML elements of a checksum.
func (c content) elements(kind string) []element {
	if c.checksumName == "" {
		return nil
	}
	list := []element{{"Checksum" + checksumAlgorithm(c.checksumName), c.checksum}}
	if kind != "" {
		list = append(list, element{"ChecksumType", kind})
	}
	return list
}

func (s *Service) listParts(c *call) error {
	limit, err := c.limit("max-parts")
	if err != nil {
		return err
	}
	marker, _ := strconv.Atoi(c.query.Get("part-number-marker")) // 0 without a marker
	type listedPart struct {
		PartNumber   int
		LastModified string
		ETag         string
		Size         int64
		Checksum     []element
	}
	out := struct {
		Bucket, Key          string
		UploadID             string `xml:"UploadId"`
		Initiator, Owner     owner
		StorageClass         string
		PartNumberMarker     int
		NextPartNumberMarker int
		MaxParts             int
		IsTruncated          bool
		ChecksumAlgorithm    string `xml:",omitempty"`
		ChecksumType         string `xml:",omitempty"`
		Part                 []listedPart
	}{
		Bucket: c.bucket, Key: c.key, UploadID: c.query.Get("uploadId"), Initiator: localOwner,
		Owner: localOwner, PartNumberMarker: marker, MaxParts: limit,
	}
	err = s.uploads.with(c, func(up *upload) error {
		out.ChecksumAlgorithm = checksumAlgorithm(up.checksumName)
		out.ChecksumType, out.StorageClass = up.checksumType, up.header.storageClass()
		for _, number := range slices.Sorted(maps.Keys(up.parts)) {
			if number <= marker {
				continue
			}
			if len(out.Part) == limit {
				out.IsTruncated = true
				break
			}
			p := up.parts[number]
			out.NextPartNumberMarker = number
			out.Part = append(out.Part, listedPart{
				number, xmlTime(p.modified), p.etag(), p.size, p.elements(""),
			})
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.answer("ListPartsResult", out)
}
