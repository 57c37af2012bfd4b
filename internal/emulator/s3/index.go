package s3

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/tidwall/btree"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/store"
)

// Values of a bucket's versioning.
const (
	versioningEnabled   = "Enabled"
	versioningSuspended = "Suspended"
)

// index finds the buckets and the versions of objects.
type index struct {
	records records
	bodies  *extents

	mu      sync.RWMutex // guards the buckets and their versions
	buckets btree.Map[string, *bucket]
}

// bucket holds the versions of a bucket's objects.
type bucket struct {
	name       string
	created    time.Time
	versioning string // "" if versioning was never enabled
	tags       []tag
	objects    btree.Map[string, []*version] // by key, newest version last
	sequence   uint64                        // sequence of the newest version
}

// version represents one version of an object. Only its tags change while it is in a bucket.
type version struct {
	sequence     uint64 // increases with each version that is added to the bucket
	null         bool   // whether this is the null version, the only one without versioning
	deleteMarker bool
	md5          [16]byte
	parts        uint16 // number of parts; 0 if the object was put in one request
	modifiedNano int64  // Unix time, which takes less memory than a time.Time
	body         extent
	header       extent // an objectHeader as JSON
	tags         []tag
}

// id returns the version's id as clients see it.
func (v *version) id() string {
	if v.null {
		return "null"
	}
	return fmt.Sprintf("%0*x", sequenceDigits, v.sequence)
}

func (v *version) modified() time.Time { return time.Unix(0, v.modifiedNano) }

func (v *version) etag() string {
	if v.parts > 0 {
		return fmt.Sprintf(`"%x-%d"`, v.md5, v.parts)
	}
	return fmt.Sprintf(`"%x"`, v.md5)
}

func loadIndex(db *store.DB, bodies *extents) (*index, error) {
	records, err := openRecords(db)
	if err != nil {
		return nil, err
	}
	x := &index{records: records, bodies: bodies}
	return x, records.load(x)
}

// view calls fn with the bucket, which must not change meanwhile.
func (x *index) view(name string, fn func(b *bucket) error) error {
	x.mu.RLock()
	defer x.mu.RUnlock()
	b, ok := x.buckets.Get(name)
	if !ok {
		return noSuchBucket(name)
	}
	return fn(b)
}

// update calls fn with the bucket, which fn may change.
func (x *index) update(name string, fn func(b *bucket) error) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	b, ok := x.buckets.Get(name)
	if !ok {
		return noSuchBucket(name)
	}
	return fn(b)
}

var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// createBucket creates a bucket. If the bucket exists, it changes nothing and returns no error, as
// S3 does for the bucket's owner in us-east-1.
func (x *index) createBucket(name string, now time.Time) error {
	if !bucketName.MatchString(name) || strings.Contains(name, "..") {
		return newFailure(http.StatusBadRequest, "InvalidBucketName",
			"The specified bucket is not valid.", "BucketName", name)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if _, ok := x.buckets.Get(name); ok {
		return nil
	}
	b := &bucket{name: name, created: now}
	if err := x.records.putBucket(b); err != nil {
		return err
	}
	x.buckets.Set(name, b)
	return nil
}

// changeBucket changes and stores the properties of a bucket.
func (x *index) changeBucket(name string, change func(b *bucket)) error {
	return x.update(name, func(b *bucket) error {
		change(b)
		return x.records.putBucket(b)
	})
}

func (x *index) deleteBucket(name string) error {
	return x.update(name, func(b *bucket) error {
		if b.objects.Len() > 0 {
			return newFailure(http.StatusConflict, "BucketNotEmpty",
				"The bucket you tried to delete is not empty", "BucketName", name)
		}
		if err := x.records.buckets.Delete(name); err != nil {
			return err
		}
		x.buckets.Delete(name)
		return nil
	})
}

// newest returns the newest version of an object, or nil if the object does not exist or its newest
// version is a delete marker.
func (b *bucket) newest(key string) *version {
	versions, _ := b.objects.Get(key)
	if v := last(versions); v != nil && !v.deleteMarker {
		return v
	}
	return nil
}

// last returns the newest of an object's versions, or nil if there is none.
func last(versions []*version) *version {
	if len(versions) == 0 {
		return nil
	}
	return versions[len(versions)-1]
}

// find returns the version with the id. For an empty id it returns the newest version, which may be
// a delete marker.
func (b *bucket) find(key, id string) (*version, error) {
	versions, _ := b.objects.Get(key)
	if id == "" {
		if v := last(versions); v != nil {
			return v, nil
		}
		return nil, noSuchKey(key)
	}
	for _, v := range versions {
		if v.id() == id {
			return v, nil
		}
	}
	return nil, newFailure(http.StatusNotFound, "NoSuchVersion",
		"The specified version does not exist.", "Key", key, "VersionId", id)
}

// add adds v as the newest version of an object. If versioning is not enabled, v becomes the null
// version and replaces the previous null version. The caller holds x.mu.
func (x *index) add(b *bucket, key string, v *version) error {
	b.sequence++
	v.sequence, v.null = b.sequence, b.versioning != versioningEnabled
	versions, _ := b.objects.Get(key)
	var replaced *version
	switch {
	case !v.null:
	case len(versions) > 0 && last(versions).null:
		replaced = last(versions)
		versions = versions[:len(versions)-1]
		v.sequence = replaced.sequence // so that v replaces the record of the null version
	default:
		if err := x.remove(b, key, "null"); err != nil {
			return err
		}
		versions, _ = b.objects.Get(key)
	}
	if err := x.records.putVersion(b, key, v); err != nil {
		return err
	}
	// The key may be part of a longer string, such as the URL of a request.
	b.objects.Set(strings.Clone(key), append(versions, v))
	if replaced != nil {
		x.bodies.release(replaced.body, replaced.header)
	}
	return nil
}

// remove removes a version if it exists. The caller holds x.mu.
func (x *index) remove(b *bucket, key, id string) error {
	versions, _ := b.objects.Get(key)
	var kept []*version
	var removed *version
	for _, v := range versions {
		if v.id() == id {
			removed = v
			continue
		}
		kept = append(kept, v)
	}
	if removed == nil {
		return nil
	}
	if err := x.records.versions.Delete(versionKey(b, key, removed)); err != nil {
		return err
	}
	if len(kept) > 0 {
		b.objects.Set(key, kept)
	} else {
		b.objects.Delete(key)
	}
	x.bodies.release(removed.body, removed.header)
	return nil
}
