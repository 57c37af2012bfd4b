package s3

import "strings"

// listedVersion describes a version or a delete marker in a listing.
type listedVersion struct {
	Key          string
	VersionID    string `xml:"VersionId"`
	IsLatest     bool
	LastModified string
	ETag         string `xml:",omitempty"`
	Size         *int64 `xml:",omitempty"`
	Owner        owner
	StorageClass string `xml:",omitempty"`
}

// versionPage represents a page of the listing of versions.
type versionPage struct {
	versions      []listedVersion
	deleteMarkers []listedVersion
	prefixes      []string
	truncated     bool
	key, id       string // the last entry of the page; id is "" for a common prefix
}

func (p *versionPage) count() int {
	return len(p.versions) + len(p.deleteMarkers) + len(p.prefixes)
}

// add adds a version to the page. latest means that v is the newest version of the object.
func (p *versionPage) add(key string, v *version, latest bool, encode func(string) string) {
	p.key, p.id = key, v.id()
	listed := listedVersion{
		Key: encode(key), VersionID: v.id(), IsLatest: latest,
		LastModified: xmlTime(v.Modified), Owner: localOwner,
	}
	if v.deleteMarker {
		p.deleteMarkers = append(p.deleteMarkers, listed)
		return
	}
	listed.ETag, listed.Size, listed.StorageClass = v.etag(), &v.body.size, v.storageClass()
	p.versions = append(p.versions, listed)
}

// listVersions returns versions sorted by key and then from newest to oldest. If id is set, the
// page begins after the version of the key l.after with this id. The caller holds x.mu.
func (x *index) listVersions(
	b *bucket, l listing, id string, encode func(string) string,
) (p versionPage, err error) {
	start := firstVersion(l.firstKey())
	if id != "" && l.after >= l.prefix {
		start = b.afterVersion(l.after, id)
	}
	objects := b.objects.Iter()
	for ok := objects.Seek(start); ok; {
		at := objects.Item()
		if !strings.HasPrefix(at.key, l.prefix) {
			return p, nil
		}
		if p.count() == l.limit {
			p.truncated = l.limit > 0
			return p, nil
		}
		if group := l.commonPrefix(at.key); group != "" {
			p.prefixes = append(p.prefixes, group)
			p.key, p.id = group, ""
			ok = objects.Seek(firstVersion(afterPrefix(group)))
			continue
		}
		v, err := x.load(at.stored)
		if err != nil {
			return p, err
		}
		newest, _ := b.newest(at.key)
		p.add(at.key, v, at.stored == newest, encode)
		ok = objects.Next()
	}
	return p, nil
}

func (s *Service) listObjectVersions(c *call) error {
	l, err := c.listing("max-keys", "key-marker")
	if err != nil {
		return err
	}
	id := c.query.Get("version-id-marker")
	if c.query.Has("version-id-marker") && (id == "" || l.after == "") {
		return invalidArgument("version-id-marker", id,
			"A version-id marker cannot be empty or specified without a key marker.")
	}
	encode := c.nameEncoder()
	var p versionPage
	err = s.objects.view(c.bucket, func(b *bucket) (err error) {
		p, err = s.objects.listVersions(b, l, id, encode)
		return err
	})
	if err != nil {
		return err
	}
	out := struct {
		Name                string
		Prefix              string
		Delimiter           string `xml:",omitempty"`
		KeyMarker           string
		VersionIDMarker     string `xml:"VersionIdMarker"`
		NextKeyMarker       string `xml:",omitempty"`
		NextVersionIDMarker string `xml:"NextVersionIdMarker,omitempty"`
		EncodingType        string `xml:",omitempty"`
		MaxKeys             int
		IsTruncated         bool
		Version             []listedVersion
		DeleteMarker        []listedVersion
		CommonPrefixes      []listedPrefix
	}{
		Name: c.bucket, Prefix: encode(l.prefix), Delimiter: encode(l.delimiter),
		KeyMarker: encode(l.after), VersionIDMarker: id,
		EncodingType: c.query.Get("encoding-type"), MaxKeys: l.limit, IsTruncated: p.truncated,
		Version: p.versions, DeleteMarker: p.deleteMarkers,
		CommonPrefixes: listedPrefixes(p.prefixes, encode),
	}
	if p.truncated {
		out.NextKeyMarker, out.NextVersionIDMarker = encode(p.key), p.id
	}
	return c.respond("ListVersionsResult", out)
}
