package s3

import (
	"fmt"
	"iter"
	"math"
	"strconv"
	"time"

	"github.com/tidwall/btree"
)

// bucket holds the versions of a bucket's objects.
type bucket struct {
	name       string
	created    time.Time
	versioning string // "" if versioning was never enabled
	tags       []tag
	objects    *btree.BTreeG[objectVersion] // sorted by key, then from the newest to the oldest
	sequence   uint64                       // sequence of the newest version
}

// objectVersion represents a version in the index.
type objectVersion struct {
	key string
	stored
}

// stored locates a version of an object. Memory holds only these fields, to save space in buckets
// with many objects. They contain no pointers, so the garbage collector does not scan them.
type stored struct {
	sequence     uint64        // increases with each version that is added to the bucket
	header       compactExtent // an objectHeader as JSON
	null         bool          // whether versioning was not enabled when the version was added
	deleteMarker bool
}

// id returns the version's id as clients see it.
func (v stored) id() string {
	if v.null {
		return "null"
	}
	return fmt.Sprintf("%0*x", sequenceDigits, v.sequence)
}

func newBucket(name string, created time.Time) *bucket {
	precedes := func(a, b objectVersion) bool {
		return a.key < b.key || a.key == b.key && a.sequence > b.sequence
	}
	objects := btree.NewBTreeGOptions(precedes, btree.Options{NoLocks: true})
	return &bucket{name: name, created: created, objects: objects}
}

// firstVersion returns the position in bucket.objects where the versions of an object begin.
func firstVersion(key string) objectVersion {
	return objectVersion{key, stored{sequence: math.MaxUint64}}
}

// versions returns the versions of an object, from the newest to the oldest.
func (b *bucket) versions(key string) iter.Seq[stored] {
	return func(yield func(stored) bool) {
		b.objects.Ascend(firstVersion(key), func(v objectVersion) bool {
			return v.key == key && yield(v.stored)
		})
	}
}

// newest returns the newest version of an object. ok is false if there is none.
func (b *bucket) newest(key string) (v stored, ok bool) {
	for v := range b.versions(key) {
		return v, true
	}
	return stored{}, false
}

// version finds a version by the object's key and the version's id. ok is false if there is none.
func (b *bucket) version(key, id string) (v stored, ok bool) {
	for v := range b.versions(key) {
		if v.id() == id {
			return v, true
		}
	}
	return stored{}, false
}

// afterVersion returns the position in bucket.objects after a version. This also works if the
// version no longer exists. But if the null version no longer exists, afterVersion returns the
// position of the object's newest version.
func (b *bucket) afterVersion(key, id string) objectVersion {
	position := firstVersion(key)
	if sequence, err := strconv.ParseUint(id, 16, 64); err == nil {
		position.sequence = sequence - 1
	} else if null, ok := b.version(key, id); ok {
		position.sequence = null.sequence - 1
	}
	return position
}
