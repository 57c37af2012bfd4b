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
	"strings"
)

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
		s.putBack(up)
		return err
	}
	s.releaseParts(up)
	return c.respond("CompleteMultipartUploadResult", struct {
		Location, Bucket, Key, ETag string
		Checksum                    []element
	}{
		"http://" + c.r.Host + c.r.URL.EscapedPath(), c.bucket, c.key, v.etag(),
		body.checksumElements(up.checksumType),
	})
}

// selectParts returns the parts that a client wants to join, ordered by part number.
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

// join adds the object that consists of the parts. want is the checksum that the object must have,
// or "" for any.
func (s *Service) join(
	c *call, up *upload, parts []*part, want string,
) (*version, content, error) {
	header := objectHeader{Fields: maps.Clone(up.header.Fields), Tags: up.header.Tags}
	var bodies []io.Reader
	var size int64
	var digests, sums []byte
	for _, p := range parts {
		bodies = append(bodies, p.read())
		size += p.size
		digests = append(digests, p.md5[:]...)
		header.Parts = append(header.Parts, p.size)
		sum, _ := base64.StdEncoding.DecodeString(p.checksum) // valid, because the service made it
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
	header.MD5 = sum[:]
	v := &version{objectHeader: header, body: body.extent}
	return v, body, s.add(c, v)
}

// checksumElements returns the XML elements of a checksum. kind is the checksum's type, or "" to
// omit it.
func (c content) checksumElements(kind string) []element {
	if c.checksumName == "" {
		return nil
	}
	list := []element{{"Checksum" + checksumAlgorithm(c.checksumName), c.checksum}}
	if kind != "" {
		list = append(list, element{"ChecksumType", kind})
	}
	return list
}
