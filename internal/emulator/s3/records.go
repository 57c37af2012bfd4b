package s3

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/store"
)

// records stores the index in the state file. Without a state file it stores nothing.
//
// The key of a version's record is BUCKET/KEY, followed by the version's sequence in 16 hex digits.
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
	Versioning string `json:",omitempty"`
	Tags       []tag  `json:",omitempty"`
}

type versionRecord struct {
	Null         bool `json:",omitempty"`
	DeleteMarker bool `json:",omitempty"`
	Body, Header extentRecord
}

func (r records) putBucket(b *bucket) error {
	return r.buckets.PutJSON(b.name, bucketRecord{b.created, b.versioning, b.tags})
}

func (r records) putVersion(b *bucket, key string, v *version) error {
	if r.versions == nil {
		return nil
	}
	return r.versions.PutJSON(versionKey(b, key, v.stored), versionRecord{
		Null: v.null, DeleteMarker: v.deleteMarker, Body: v.body.record(),
		Header: v.header.record(),
	})
}

func versionKey(b *bucket, key string, v stored) string {
	return fmt.Sprintf("%s/%s%0*x", b.name, key, sequenceDigits, v.sequence)
}

// load adds the stored buckets and versions to the index.
func (r records) load(x *index) error {
	buckets, err := store.LoadJSON[bucketRecord](r.buckets)
	if err != nil {
		return err
	}
	for name, record := range buckets {
		b := newBucket(name, record.Created)
		b.versioning, b.tags = record.Versioning, record.Tags
		x.buckets.Set(name, b)
	}
	err = r.versions.Each(func(path string, value []byte) error {
		if err := x.loadVersion(path, value); err != nil {
			return fmt.Errorf("read object %q: %w", path, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return x.bodies.removeUnused()
}

func (x *index) loadVersion(path string, value []byte) error {
	name, rest, _ := strings.Cut(path, "/")
	b, ok := x.buckets.Get(name)
	if !ok || len(rest) < sequenceDigits {
		return fmt.Errorf("the record's key must begin with an existing bucket and \"/\", "+
			"and end with %d hexadecimal digits", sequenceDigits)
	}
	key := rest[:len(rest)-sequenceDigits]
	sequence, err := strconv.ParseUint(rest[len(key):], 16, 64)
	if err != nil {
		return err
	}
	var record versionRecord
	if err := json.Unmarshal(value, &record); err != nil {
		return fmt.Errorf("the record's format is invalid; if another version of the local "+
			"platform wrote the data folder, remove the folder: %w", err)
	}
	v := stored{sequence: sequence, null: record.Null, deleteMarker: record.DeleteMarker}
	header, err := x.bodies.load(record.Header)
	if err != nil {
		return err
	}
	v.header = header.compact()
	if _, err = x.bodies.load(record.Body); err != nil {
		return err
	}
	b.sequence = max(b.sequence, sequence)
	b.objects.Set(objectVersion{key, v})
	return nil
}
