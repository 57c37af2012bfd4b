package s3

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/johannesboyne/gofakes3"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/store"
)

// records stores the buckets and versions in the state file. Without a state file it stores
// nothing.
//
// The record of a version has a key of the form bucket/key followed by the sequence in 16 hex
// digits. Its value consists of the version as JSON, a newline, and the body.
type records struct {
	buckets  *store.Bucket
	versions *store.Bucket
}

const sequenceDigits = 16

func openRecords(db *store.DB) (records, error) {
	buckets, err := db.Bucket("buckets")
	if err != nil {
		return records{}, err
	}
	versions, err := db.Bucket("versions")
	if err != nil {
		return records{}, err
	}
	return records{buckets, versions}, nil
}

type bucketRecord struct {
	Created    time.Time
	Versioning gofakes3.VersioningStatus `json:",omitempty"`
}

func (r records) putBucket(b *bucket) error {
	return r.buckets.PutJSON(b.name, bucketRecord{b.created, b.versioning})
}

// putVersion stores a version. header is the version as JSON, followed by a newline.
func (r records) putVersion(b *bucket, key string, sequence uint64, header, body []byte) error {
	if r.versions == nil {
		return nil
	}
	return r.versions.Put(versionKey(b, key, sequence), slices.Concat(header, body))
}

func (r records) deleteVersion(b *bucket, key string, sequence uint64) error {
	return r.versions.Delete(versionKey(b, key, sequence))
}

func versionKey(b *bucket, key string, sequence uint64) string {
	return fmt.Sprintf("%s/%s%0*x", b.name, key, sequenceDigits, sequence)
}

// load returns the stored buckets. It copies their versions to values.
func (r records) load(values *store.Values) (map[string]*bucket, error) {
	buckets := map[string]*bucket{}
	records, err := store.LoadJSON[bucketRecord](r.buckets)
	if err != nil {
		return nil, err
	}
	for name, record := range records {
		buckets[name] = &bucket{
			name: name, created: record.Created, versioning: record.Versioning,
		}
	}
	err = r.versions.Each(func(path string, value []byte) error {
		name, rest, _ := strings.Cut(path, "/")
		b, ok := buckets[name]
		if !ok || len(rest) < sequenceDigits {
			return fmt.Errorf("read object %q: want an existing bucket, a key and a sequence", path)
		}
		key := rest[:len(rest)-sequenceDigits]
		sequence, err := strconv.ParseUint(rest[len(key):], 16, 64)
		if err != nil {
			return fmt.Errorf("read object %q: %w", path, err)
		}
		var v version
		header := bytes.IndexByte(value, '\n') + 1
		if err := json.Unmarshal(value[:header], &v); err != nil {
			return fmt.Errorf("read object %q: %w", path, err)
		}
		at, err := values.Put(value)
		if err != nil {
			return err
		}
		b.sequence = max(b.sequence, sequence)
		b.add(key, stored{sequence, at, uint32(header), v.ID == "", v.DeleteMarker})
		return nil
	})
	return buckets, err
}
