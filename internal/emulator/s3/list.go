package s3

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
)

// maxListed is the maximum and the default number of entries on a page.
const maxListed = 1000

// listing holds the parameters of a request that lists a bucket's keys.
type listing struct {
	prefix, delimiter string
	after             string // the page begins after this key or common prefix
	limit             int
}

func (c *call) listing(limitName, afterName string) (listing, error) {
	limit, err := c.pageSize(limitName)
	return listing{
		prefix: c.query.Get("prefix"), delimiter: c.query.Get("delimiter"),
		after: c.query.Get(afterName), limit: limit,
	}, err
}

// pageSize returns the page size that the named parameter requests.
func (c *call) pageSize(name string) (int, error) {
	text := c.query.Get(name)
	if text == "" {
		return maxListed, nil
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < 0 {
		return 0, invalidArgument(name, text,
			fmt.Sprintf("%s must be an integer from 0 to 2147483647, got %s", name, text))
	}
	return int(min(n, maxListed)), nil
}

// commonPrefix returns the part of the key up to the first delimiter after the prefix. For a key
// that the listing does not group, it returns "".
func (l listing) commonPrefix(key string) string {
	rest, ok := strings.CutPrefix(key, l.prefix)
	if !ok || l.delimiter == "" {
		return ""
	}
	folder, _, ok := strings.Cut(rest, l.delimiter)
	if !ok {
		return ""
	}
	return l.prefix + folder + l.delimiter
}

// firstKey returns the least key that can be on the page.
func (l listing) firstKey() string {
	switch {
	case l.after < l.prefix:
		return l.prefix
	case l.after != "" && l.commonPrefix(l.after) == l.after:
		return afterPrefix(l.after) // the previous page ended with this common prefix
	case l.after != "":
		return l.after + "\x00"
	}
	return ""
}

// afterPrefix returns the least string that is greater than all strings with the prefix.
func afterPrefix(prefix string) string {
	last := len(prefix) - 1
	for last >= 0 && prefix[last] == 0xff {
		last--
	}
	if last < 0 {
		return prefix + "\xff"
	}
	return prefix[:last] + string([]byte{prefix[last] + 1})
}

// page represents a page of a listing. A common prefix counts as one entry.
type page struct {
	entries   []entry
	prefixes  []string
	truncated bool
	last      string // the last key or common prefix of the page
}

type entry struct {
	key string
	at  stored
	v   *version // set by Service.page
}

func (p page) count() int { return len(p.entries) + len(p.prefixes) }

// list returns a page of the bucket's objects.
func (b *bucket) list(l listing) page {
	var p page
	objects := b.objects.Iter()
	for ok := objects.Seek(firstVersion(l.firstKey())); ok; {
		newest := objects.Item()
		key := newest.key
		if !strings.HasPrefix(key, l.prefix) {
			return p
		}
		if newest.deleteMarker {
			ok = objects.Seek(firstVersion(key + "\x00"))
			continue
		}
		if p.count() == l.limit {
			p.truncated = l.limit > 0
			return p
		}
		if p.last = l.commonPrefix(key); p.last != "" {
			p.prefixes = append(p.prefixes, p.last)
			ok = objects.Seek(firstVersion(afterPrefix(p.last)))
			continue
		}
		p.last = key
		p.entries = append(p.entries, entry{key: key, at: newest.stored})
		ok = objects.Seek(firstVersion(key + "\x00"))
	}
	return p
}

// The XML documents of several listings contain elements of these types.
type (
	listedObject struct {
		Key          string
		LastModified string
		ETag         string
		Size         int64
		Owner        *owner `xml:",omitempty"`
		StorageClass string
	}
	listedPrefix struct{ Prefix string }
)

func listedPrefixes(prefixes []string, encode func(string) string) []listedPrefix {
	var list []listedPrefix
	for _, prefix := range prefixes {
		list = append(list, listedPrefix{encode(prefix)})
	}
	return list
}

func (p page) contents(encode func(string) string, by *owner) []listedObject {
	var list []listedObject
	for _, e := range p.entries {
		list = append(list, listedObject{
			Key: encode(e.key), LastModified: xmlTime(e.v.Modified), ETag: e.v.etag(),
			Size: e.v.body.size, Owner: by, StorageClass: e.v.storageClass(),
		})
	}
	return list
}

func (s *Service) listObjectsV2(c *call) error {
	l, err := c.listing("max-keys", "start-after")
	if err != nil {
		return err
	}
	token := c.query.Get("continuation-token")
	if token != "" {
		after, err := base64.URLEncoding.DecodeString(token)
		if err != nil {
			return invalidArgument("continuation-token", token,
				"The continuation token provided is incorrect")
		}
		l.after = string(after)
	}
	p, err := s.page(c, l)
	if err != nil {
		return err
	}
	var by *owner
	if c.query.Get("fetch-owner") == "true" {
		by = &localOwner
	}
	encode := c.nameEncoder()
	out := struct {
		Name                  string
		Prefix                string
		Delimiter             string `xml:",omitempty"`
		StartAfter            string `xml:",omitempty"`
		ContinuationToken     string `xml:",omitempty"`
		NextContinuationToken string `xml:",omitempty"`
		EncodingType          string `xml:",omitempty"`
		MaxKeys               int
		KeyCount              int
		IsTruncated           bool
		Contents              []listedObject
		CommonPrefixes        []listedPrefix
	}{
		Name: c.bucket, Prefix: encode(l.prefix), Delimiter: encode(l.delimiter),
		StartAfter: encode(c.query.Get("start-after")), ContinuationToken: token,
		EncodingType: c.query.Get("encoding-type"), MaxKeys: l.limit, KeyCount: p.count(),
		IsTruncated: p.truncated, Contents: p.contents(encode, by),
		CommonPrefixes: listedPrefixes(p.prefixes, encode),
	}
	if p.truncated {
		out.NextContinuationToken = base64.URLEncoding.EncodeToString([]byte(p.last))
	}
	return c.respond("ListBucketResult", out)
}

func (s *Service) page(c *call, l listing) (p page, err error) {
	err = s.objects.view(c.bucket, func(b *bucket) error {
		p = b.list(l)
		for i, e := range p.entries {
			if p.entries[i].v, err = s.objects.load(e.at); err != nil {
				return err
			}
		}
		return nil
	})
	return p, err
}

// listObjects serves version 1 of the listing.
func (s *Service) listObjects(c *call) error {
	l, err := c.listing("max-keys", "marker")
	if err != nil {
		return err
	}
	p, err := s.page(c, l)
	if err != nil {
		return err
	}
	encode := c.nameEncoder()
	out := struct {
		Name           string
		Prefix         string
		Delimiter      string `xml:",omitempty"`
		Marker         string
		NextMarker     string `xml:",omitempty"`
		EncodingType   string `xml:",omitempty"`
		MaxKeys        int
		IsTruncated    bool
		Contents       []listedObject
		CommonPrefixes []listedPrefix
	}{
		Name: c.bucket, Prefix: encode(l.prefix), Delimiter: encode(l.delimiter),
		Marker: encode(l.after), EncodingType: c.query.Get("encoding-type"), MaxKeys: l.limit,
		IsTruncated: p.truncated, Contents: p.contents(encode, &localOwner),
		CommonPrefixes: listedPrefixes(p.prefixes, encode),
	}
	if p.truncated && l.delimiter != "" { // S3 returns no NextMarker without a delimiter
		out.NextMarker = encode(p.last)
	}
	return c.respond("ListBucketResult", out)
}
