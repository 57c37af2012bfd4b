package s3

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// list returns the uploads of a bucket whose keys begin with l.prefix and come after l.after. The
// uploads are sorted by key and then from oldest to newest.
//
// If marker is an upload's id, list also returns the newer uploads of the key l.after.
func (u *uploads) list(bucket string, l listing, marker string) []*upload {
	first, markerNumber := l.firstKey(), uploadNumber(marker)
	u.mu.Lock()
	defer u.mu.Unlock()
	var list []*upload
	for _, up := range u.byID {
		follows := up.key >= first
		if marker != "" && up.key == l.after {
			follows = up.number > markerNumber
		}
		if up.bucket.name == bucket && follows && strings.HasPrefix(up.key, l.prefix) {
			list = append(list, up)
		}
	}
	slices.SortFunc(list, func(a, b *upload) int {
		return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.number, b.number))
	})
	return list
}

// uploadNumber returns the number of the upload with an id, or 0 if the id is not valid.
func uploadNumber(id string) int {
	_, digits, _ := strings.Cut(id, "-")
	number, _ := strconv.Atoi(digits)
	return number
}

func (s *Service) listMultipartUploads(c *call) error {
	l, err := c.listing("max-uploads", "key-marker")
	if err != nil {
		return err
	}
	marker := c.query.Get("upload-id-marker")
	encode := c.nameEncoder()
	type listedUpload struct {
		Key              string
		UploadID         string `xml:"UploadId"`
		Initiator, Owner owner
		StorageClass     string
		Initiated        string
	}
	out := struct {
		Bucket             string
		KeyMarker          string
		UploadIDMarker     string `xml:"UploadIdMarker"`
		NextKeyMarker      string
		NextUploadIDMarker string `xml:"NextUploadIdMarker"`
		Delimiter          string `xml:",omitempty"`
		Prefix             string
		EncodingType       string `xml:",omitempty"`
		MaxUploads         int
		IsTruncated        bool
		Upload             []listedUpload
		CommonPrefixes     []listedPrefix
	}{
		Bucket: c.bucket, KeyMarker: encode(l.after), UploadIDMarker: marker,
		Delimiter: encode(l.delimiter), Prefix: encode(l.prefix),
		EncodingType: c.query.Get("encoding-type"), MaxUploads: l.limit,
	}
	group := ""
	for _, up := range s.uploads.list(c.bucket, l, marker) {
		if group != "" && l.commonPrefix(up.key) == group {
			continue
		}
		if len(out.Upload)+len(out.CommonPrefixes) == l.limit {
			out.IsTruncated = l.limit > 0
			break
		}
		out.NextKeyMarker, out.NextUploadIDMarker = encode(up.key), up.id
		if group = l.commonPrefix(up.key); group != "" {
			out.CommonPrefixes = append(out.CommonPrefixes, listedPrefix{encode(group)})
			out.NextKeyMarker, out.NextUploadIDMarker = encode(group), ""
			continue
		}
		out.Upload = append(out.Upload, listedUpload{
			encode(up.key), up.id, localOwner, localOwner, up.header.storageClass(),
			xmlTime(up.initiated),
		})
	}
	if !out.IsTruncated {
		out.NextKeyMarker, out.NextUploadIDMarker = "", ""
	}
	return c.respond("ListMultipartUploadsResult", out)
}

func (s *Service) listParts(c *call) error {
	limit, err := c.pageSize("max-parts")
	if err != nil {
		return err
	}
	marker, _ := strconv.Atoi(c.query.Get("part-number-marker")) // 0 without a valid marker
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
	err = s.uploads.withUpload(c, func(up *upload) error {
		out.ChecksumAlgorithm = checksumAlgorithm(up.checksumName)
		out.ChecksumType, out.StorageClass = up.checksumType, up.header.storageClass()
		for _, number := range slices.Sorted(maps.Keys(up.parts)) {
			if number <= marker {
				continue
			}
			if len(out.Part) == limit {
				out.IsTruncated = limit > 0
				break
			}
			p := up.parts[number]
			out.NextPartNumberMarker = number
			out.Part = append(out.Part, listedPart{
				number, xmlTime(p.modified), p.etag(), p.size, p.checksumElements(""),
			})
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.respond("ListPartsResult", out)
}
