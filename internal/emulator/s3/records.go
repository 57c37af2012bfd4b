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

func (r records) putVersion(b *bucket, key string, v *version) error {
	if r.versions == nil {
		return nil
	}
	header, err := json.Marshal(v)
	if err != nil {
		return err
	}
	record := make([]byte, 0, len(header)+1+len(v.body))
	record = append(append(append(record, header...), '\n'), v.body...)
	return r.versions.Put(versionKey(b, key, v), record)
}

func versionKey(b *bucket, key string, v *version) string {
	return fmt.Sprintf("%s/%s%0*x", b.name, key, sequenceDigits, v.sequence)
}

// load returns the stored buckets.
func (r records) load() (map[string]*bucket, error) {
	buckets := map[string]*bucket{}
	records, err := store.LoadJSON[bucketRecord](r.buckets)
	if err != nil {
		return nil, err
	}
	for name, record := range records {
		buckets[name] = &bucket{
			name: name, created: record.Created, versioning: record.Versioning,
			objects: map[string][]*version{},
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
		header, body, _ := bytes.Cut(value, []byte("\n"))
		v := &version{sequence: sequence, body: bytes.Clone(body)}
		if err := json.Unmarshal(header, v); err != nil {
			return fmt.Errorf("read object %q: %w", path, err)
		}
		b.sequence = max(b.sequence, sequence)
		// The store returns the oldest version first, but objects lists the newest first.
		b.objects[key] = slices.Insert(b.objects[key], 0, v)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, b := range buckets {
		for key := range b.objects {
			b.keys = append(b.keys, key)
		}
		slices.Sort(b.keys)
	}
	return buckets, nil
}
