package explore

import (
	"maps"
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
}

type object struct {
	body     []byte
	version  string
	modified time.Time
}

type versioned struct {
	body    []byte
	version string
}

func (b *bucket) put(key string, body []byte) error {
	if _, exists := b.objects[key]; exists {
		return pipeline.ErrExists
	}
	b.write(key, body)
	return nil
}

func (b *bucket) get(key string) (versioned, error) {
	o, ok := b.objects[key]
	if !ok {
		return versioned{}, pipeline.ErrNotFound
	}
	return versioned{o.body, o.version}, nil
}

func (b *bucket) replace(key string, body []byte, version string) error {
	if b.objects[key].version != version {
		return pipeline.ErrChanged
	}
	b.write(key, body)
	return nil
}

// write stores an object, even if an object with this key exists. The object's version depends only
// on its content, like an ETag of S3.
func (b *bucket) write(key string, body []byte) {
	if b.objects == nil {
		b.objects = make(map[string]object)
	}
	if i, found := slices.BinarySearch(b.keys, key); !found {
		b.keys = slices.Insert(b.keys, i, key)
	}
	b.objects[key] = object{body: body, version: string(body), modified: time.Now()}
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

// state returns a hash of the content. unread means that no running actor has received an answer
// from a service. In this case, later steps depend only on some parts of a record: the replay's id,
// the events' ids, and whether an event was filtered. The hash then includes only these parts.
func (b *bucket) state(unread bool) uint64 {
	var h uint64
	for key, o := range b.objects {
		if unread {
			_, replay, _ := strings.Cut(o.version, `"replayId":"`)
			replay, _, _ = strings.Cut(replay, `"`)
			h += hash(key, replay, strings.Contains(o.version, `"dropped":`))
			for i, part := range strings.Split(o.version, `"id":"`) { // the events of a batch
				id, _, _ := strings.Cut(part, `"`)
				h += hash(key, i, id)
			}
			continue
		}
		h += hash(key, o.version)
	}
	return h
}

func (b *bucket) clone() bucket {
	return bucket{maps.Clone(b.objects), slices.Clone(b.keys)}
}
