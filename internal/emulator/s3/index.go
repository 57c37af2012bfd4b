package s3

import (
	"encoding/json"
	"fmt"
	"io"
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

// version represents one version of an object. A version in a bucket never changes.
type version struct {
	stored
	objectHeader
	body extent
}

func (v *version) etag() string {
	if len(v.Parts) > 0 {
		return fmt.Sprintf(`"%x-%d"`, v.MD5, len(v.Parts))
	}
	return fmt.Sprintf(`"%x"`, v.MD5)
}

// load returns a version that is in the index. The caller holds x.mu.
func (x *index) load(at stored) (*version, error) {
	v := &version{stored: at}
	data, err := io.ReadAll(x.bodies.expand(at.header).read())
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, &v.objectHeader); err != nil {
		return nil, err
	}
	v.body = x.bodies.find(v.Body)
	return v, nil
}

func loadIndex(db *store.DB, bodies *extents) (*index, error) {
	records, err := openRecords(db)
	if err != nil {
		return nil, err
	}
	x := &index{records: records, bodies: bodies}
	return x, records.load(x)
}

// view calls fn with the bucket. fn must not change the bucket.
func (x *index) view(name string, fn func(b *bucket) error) error {
	x.mu.RLock()
	defer x.mu.RUnlock()
	b, ok := x.buckets.Get(name)
	if !ok {
		return noSuchBucket(name)
	}
	return fn(b)
}

// update calls fn with the bucket. fn may change the bucket.
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

// createBucket creates a bucket. If the bucket exists, it returns errBucketExists.
func (x *index) createBucket(name string, now time.Time) error {
	if !bucketName.MatchString(name) || strings.Contains(name, "..") {
		return newFailure(http.StatusBadRequest, "InvalidBucketName",
			"The specified bucket is not valid.", "BucketName", name)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if _, ok := x.buckets.Get(name); ok {
		return errBucketExists
	}
	b := newBucket(name, now)
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

// deleteBucket deletes and returns an empty bucket.
func (x *index) deleteBucket(name string) (deleted *bucket, err error) {
	err = x.update(name, func(b *bucket) error {
		if b.objects.Len() > 0 {
			return newFailure(http.StatusConflict, "BucketNotEmpty",
				"The bucket you tried to delete is not empty", "BucketName", name)
		}
		if err := x.records.buckets.Delete(name); err != nil {
			return err
		}
		x.buckets.Delete(name)
		deleted = b
		return nil
	})
	return deleted, err
}

// newest returns the newest version of an object. It returns nil if there is none, or if this
// version is a delete marker. The caller holds x.mu.
func (x *index) newest(b *bucket, key string) (*version, error) {
	newest, ok := b.newest(key)
	if !ok || newest.deleteMarker {
		return nil, nil
	}
	return x.load(newest)
}

// find returns the version with the id. For an empty id it returns the newest version, which can be
// a delete marker. The caller holds x.mu.
func (x *index) find(b *bucket, key, id string) (*version, error) {
	if id == "" {
		newest, ok := b.newest(key)
		if !ok {
			return nil, noSuchKey(key)
		}
		return x.load(newest)
	}
	if v, ok := b.version(key, id); ok {
		return x.load(v)
	}
	return nil, newFailure(http.StatusNotFound, "NoSuchVersion",
		"The specified version does not exist.", "Key", key, "VersionId", id)
}

// add adds v as the newest version of an object. Unless versioning is enabled, v is the null
// version and replaces the previous null version. The caller holds x.mu.
func (x *index) add(b *bucket, key string, v *version) error {
	b.sequence++
	v.sequence, v.null = b.sequence, b.versioning != versioningEnabled
	if v.null {
		if newest, ok := b.newest(key); ok && newest.null {
			return x.replace(b, key, newest, v)
		}
		if err := x.remove(b, key, "null"); err != nil {
			return err
		}
	}
	if err := x.storeHeader(v); err != nil {
		return err
	}
	if err := x.records.putVersion(b, key, v); err != nil {
		return err
	}
	// The key can be part of a longer string, such as a request's URL. The clone allows the garbage
	// collector to free this string.
	b.objects.Set(objectVersion{strings.Clone(key), v.stored})
	return nil
}

// replace replaces a version of an object with v. The caller holds x.mu.
func (x *index) replace(b *bucket, key string, at stored, v *version) error {
	old, err := x.load(at)
	if err != nil {
		return err
	}
	v.sequence = old.sequence // so that v replaces the record of the old version
	if err := x.storeHeader(v); err != nil {
		return err
	}
	if err := x.records.putVersion(b, key, v); err != nil {
		return err
	}
	b.objects.Set(objectVersion{strings.Clone(key), v.stored}) // replaces the same sequence
	x.bodies.release(x.bodies.expand(old.header))
	if old.body != v.body {
		x.bodies.release(old.body)
	}
	return nil
}

// storeHeader stores the header of a new version in an extent. If adding the version then fails,
// the extent stays in use until the service restarts.
func (x *index) storeHeader(v *version) error {
	v.Body = v.body.record()
	data, err := json.Marshal(v.objectHeader)
	if err != nil {
		return err
	}
	header, err := x.bodies.put(data)
	v.header = header.compact()
	return err
}

// remove removes a version if it exists. The caller holds x.mu.
func (x *index) remove(b *bucket, key, id string) error {
	v, ok := b.version(key, id)
	if !ok {
		return nil
	}
	removed, err := x.load(v)
	if err != nil {
		return err
	}
	if err := x.records.versions.Delete(versionKey(b, key, v)); err != nil {
		return err
	}
	b.objects.Delete(objectVersion{key, v})
	x.bodies.release(removed.body, x.bodies.expand(v.header))
	return nil
}
