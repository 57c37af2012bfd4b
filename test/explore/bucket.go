package explore

import (
	"slices"
	"strings"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// bucket simulates the bucket of Bronze or Silver.
type bucket struct {
	objects map[string]object
	keys    []string // sorted
	content uint64   // sum of the objects' content
	summary uint64   // sum of the objects' summaries
}

type object struct {
	body     []byte
	version  string
	modified time.Time
	content  uint64 // hash of the object
	summary  uint64 // see stateHash
}

type versioned struct {
	body    []byte
	version string
}

func (b *bucket) put(key string, body []byte, now time.Time) error {
	if _, exists := b.objects[key]; exists {
		return pipeline.ErrExists
	}
	b.write(key, body, now)
	return nil
}

func (b *bucket) get(key string) (versioned, error) {
	o, ok := b.objects[key]
	if !ok {
		return versioned{}, pipeline.ErrNotFound
	}
	return versioned{o.body, o.version}, nil
}

func (b *bucket) replace(key string, body []byte, version string, now time.Time) error {
	if b.objects[key].version != version {
		return pipeline.ErrChanged
	}
	b.write(key, body, now)
	return nil
}

// write stores an object, even if its key exists. The object's version depends only on its content,
// like an ETag of S3.
func (b *bucket) write(key string, body []byte, now time.Time) {
	old, exists := b.objects[key]
	if !exists {
		i, _ := slices.BinarySearch(b.keys, key)
		b.keys = slices.Insert(slices.Clone(b.keys), i, key)
	}
	version := string(body)
	o := object{body, version, now, hash(key, version), summaryHash(key, version)}
	b.content += o.content - old.content
	b.summary += o.summary - old.summary
	b.objects = copyWith(b.objects, key, o)
}

// pageSize is so small that listings need several pages.
const pageSize = 2

func (b *bucket) list(prefix, after string) []pipeline.Object {
	var page []pipeline.Object
	for _, key := range b.keys {
		if strings.HasPrefix(key, prefix) && key > after && len(page) < pageSize {
			page = append(page, pipeline.Object{Key: key, LastModified: b.objects[key].modified})
		}
	}
	return page
}

func (b *bucket) types(after string) []string {
	var types []string
	for _, key := range b.keys {
		name, _, _ := strings.Cut(strings.TrimPrefix(key, contract.BronzePrefix), "/")
		if name > after && !slices.Contains(types, name) && len(types) < pageSize {
			types = append(types, name)
		}
	}
	return types
}

// stateHash returns a hash of the content. If unread is true, no running actor has received a
// response from a service. Then the hash includes only the data on which later steps depend: the
// replay's id, the events' ids, and whether an event was filtered.
func (b *bucket) stateHash(unread bool) uint64 {
	if unread {
		return b.summary
	}
	return b.content
}

func summaryHash(key, version string) uint64 {
	_, replay, _ := strings.Cut(version, `"replayId":"`)
	replay, _, _ = strings.Cut(replay, `"`)
	h := hash(key, replay, strings.Contains(version, `"dropped":`))
	for i, part := range strings.Split(version, `"id":"`) { // the events of a batch
		id, _, _ := strings.Cut(part, `"`)
		h += hash(key, i, id)
	}
	return h
}
