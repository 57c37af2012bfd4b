package s3

import (
	"encoding/base64"
	"encoding/xml"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/johannesboyne/gofakes3"
)

// ListBucket lists one page of sorted keys, starting after the page's marker. It groups keys that
// contain the delimiter after the prefix into common prefixes. A common prefix counts as one entry.
func (s *backend) ListBucket(
	bucketName string, prefix *gofakes3.Prefix, page gofakes3.ListBucketPage,
) (*gofakes3.ObjectList, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	b, err := s.bucket(bucketName)
	if err != nil {
		return nil, err
	}

	list := gofakes3.NewObjectList()
	last := "" // the latest entry in the list: a key or a common prefix
	var count int64
	for i := b.firstIndex(prefix, page); i < len(b.objects) && hasPrefix(b.objects[i].key, prefix); {
		key, newest := b.objects[i].key, b.objects[i].versions[0]
		if newest.deleteMarker {
			i++
			continue
		}
		if count == page.MaxKeys {
			if count > 0 {
				list.IsTruncated, list.NextMarker = true, last
			}
			return list, nil
		}
		count++
		if group, ok := commonPrefix(key, prefix); ok {
			list.AddPrefix(group)
			last = group
			i = b.indexAfterPrefix(group)
			continue
		}
		v, err := s.read(newest)
		if err != nil {
			return nil, err
		}
		list.Add(&gofakes3.Content{
			Key:          key,
			LastModified: gofakes3.NewContentTime(v.Modified),
			ETag:         gofakes3.FormatETag(v.MD5),
			Size:         v.bodySize(),
			StorageClass: gofakes3.StorageStandard,
		})
		last = key
		i++
	}
	return list, nil
}

// firstIndex returns the index of the first key that may be on the page.
func (b *bucket) firstIndex(prefix *gofakes3.Prefix, page gofakes3.ListBucketPage) int {
	if !page.HasMarker || page.Marker < prefix.Prefix {
		i, _ := b.find(prefix.Prefix)
		return i
	}
	if group, ok := commonPrefix(page.Marker, prefix); ok && group == page.Marker {
		return b.indexAfterPrefix(group) // the previous page ended with this common prefix
	}
	i, found := b.find(page.Marker)
	if found {
		i++
	}
	return i
}

// indexAfterPrefix returns the index of the first key after all keys with the prefix.
func (b *bucket) indexAfterPrefix(prefix string) int {
	i, _ := slices.BinarySearchFunc(b.objects, prefix, func(o object, prefix string) int {
		if o.key < prefix || strings.HasPrefix(o.key, prefix) {
			return -1
		}
		return 1
	})
	return i
}

func hasPrefix(key string, prefix *gofakes3.Prefix) bool {
	return strings.HasPrefix(key, prefix.Prefix)
}

// commonPrefix returns the part of the key up to the first delimiter after the prefix. It returns
// false if the key does not contain this delimiter or does not start with the prefix.
func commonPrefix(key string, prefix *gofakes3.Prefix) (string, bool) {
	rest, ok := strings.CutPrefix(key, prefix.Prefix)
	if !ok || prefix.Delimiter == "" {
		return "", false
	}
	folder, _, ok := strings.Cut(rest, prefix.Delimiter)
	if !ok {
		return "", false
	}
	return prefix.Prefix + folder + prefix.Delimiter, true
}

// maxListedKeys limits a page of keys. It also serves as the default page size.
const maxListedKeys = 1000

// listResult represents the response of ListObjectsV2. The package does not use gofakes3's type,
// which omits KeyCount from empty listings and does not support encoding-type.
type listResult struct {
	XMLName               xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListBucketResult"`
	Name                  string
	Prefix                string
	Delimiter             string `xml:",omitempty"`
	StartAfter            string `xml:",omitempty"`
	ContinuationToken     string `xml:",omitempty"`
	NextContinuationToken string `xml:",omitempty"`
	EncodingType          string `xml:",omitempty"`
	MaxKeys               int64
	KeyCount              int
	IsTruncated           bool
	Contents              []*gofakes3.Content
	CommonPrefixes        []gofakes3.CommonPrefix
}

func (s *Service) listObjectsV2(w http.ResponseWriter, r *http.Request) {
	bucket := strings.Trim(r.URL.Path, "/")
	query := r.URL.Query()
	maxKeys := int64(maxListedKeys)
	if text := query.Get("max-keys"); text != "" {
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil || n < 0 {
			writeError(w, gofakes3.ErrInvalidArgument,
				"max-keys must be an integer from 0 to 2147483647, got "+text)
			return
		}
		maxKeys = min(n, maxListedKeys)
	}
	page := gofakes3.ListBucketPage{
		MaxKeys: maxKeys, Marker: query.Get("start-after"), HasMarker: query.Has("start-after"),
	}
	if token := query.Get("continuation-token"); token != "" {
		marker, err := base64.URLEncoding.DecodeString(token)
		if err != nil {
			writeError(w, gofakes3.ErrInvalidArgument,
				"The continuation token provided is incorrect")
			return
		}
		page.Marker, page.HasMarker = string(marker), true
	}
	prefix := gofakes3.Prefix{Prefix: query.Get("prefix"), Delimiter: query.Get("delimiter")}
	list, err := s.objects.ListBucket(bucket, &prefix, page)
	if err != nil {
		failure, ok := errors.AsType[gofakes3.Error](err)
		if !ok {
			failure = gofakes3.ErrInternal
		}
		writeError(w, failure.ErrorCode(), failure.ErrorCode().Message())
		return
	}
	result := listResult{
		Name:              bucket,
		Prefix:            prefix.Prefix,
		Delimiter:         prefix.Delimiter,
		StartAfter:        query.Get("start-after"),
		ContinuationToken: query.Get("continuation-token"),
		MaxKeys:           maxKeys,
		KeyCount:          len(list.Contents) + len(list.CommonPrefixes),
		IsTruncated:       list.IsTruncated,
		Contents:          list.Contents,
		CommonPrefixes:    list.CommonPrefixes,
	}
	if list.IsTruncated {
		result.NextContinuationToken = base64.URLEncoding.EncodeToString([]byte(list.NextMarker))
	}
	if query.Get("encoding-type") == "url" {
		result.encodeNames()
	}
	writeXML(w, http.StatusOK, result)
}

// encodeNames URL-encodes all names in the listing, because a key may contain characters that XML
// cannot represent.
func (l *listResult) encodeNames() {
	l.EncodingType = "url"
	l.Prefix, l.Delimiter = encodeName(l.Prefix), encodeName(l.Delimiter)
	l.StartAfter = encodeName(l.StartAfter)
	for _, object := range l.Contents {
		object.Key = encodeName(object.Key)
	}
	for i := range l.CommonPrefixes {
		l.CommonPrefixes[i].Prefix = encodeName(l.CommonPrefixes[i].Prefix)
	}
}

func encodeName(name string) string {
	return strings.ReplaceAll(url.QueryEscape(name), "%2F", "/")
}
