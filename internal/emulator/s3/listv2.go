package s3

import (
	"encoding/base64"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/johannesboyne/gofakes3"
)

// maxListedKeys limits a page of keys. It also serves as the default page size.
const maxListedKeys = 1000

// listResult represents the response of ListObjectsV2. gofakes3's type omits KeyCount from empty
// listings and does not support encoding-type.
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
		var failure gofakes3.Error
		if !errors.As(err, &failure) {
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
	w.Header().Set("Content-Type", "application/xml")
	_, _ = io.WriteString(w, xml.Header)
	_ = xml.NewEncoder(w).Encode(result) // the client may have disconnected
}

// encodeNames encodes the names, since XML cannot represent all characters.
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
