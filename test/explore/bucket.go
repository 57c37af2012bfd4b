package explore

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// bucket is Bronze or Silver.
type bucket struct {
	objects map[string]object
	keys    []string // in order
}

type object struct {
	body    []byte
	version string
	written time.Time
}

type versioned struct {
	body    []byte
	version string
}

func (b *bucket) put(key string, body []byte) error {
	if _, taken := b.objects[key]; taken {
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

// write stores without any condition. As in S3, the version follows from the content.
func (b *bucket) write(key string, body []byte) {
	if b.objects == nil {
		b.objects = make(map[string]object)
	}
	if i, found := slices.BinarySearch(b.keys, key); !found {
		b.keys = slices.Insert(b.keys, i, key)
	}
	b.objects[key] = object{body: body, version: string(body), written: time.Now()}
}

// listed is how many entries a page of a listing has: so few that there are several.
const listed = 2

func (b *bucket) list(prefix, after string) []pipeline.Object {
	var page []pipeline.Object
	for _, key := range b.keys {
		if strings.HasPrefix(key, prefix) && key > after && len(page) < listed {
			page = append(page, pipeline.Object{Key: key, LastModified: b.objects[key].written})
		}
	}
	return page
}

func (b *bucket) types(after string) []string {
	var types []string
	for _, key := range b.keys {
		name, _, _ := strings.Cut(strings.TrimPrefix(key, "bronze/"), "/")
		if name > after && !slices.Contains(types, name) && len(types) < listed {
			types = append(types, name)
		}
	}
	return types
}

// state tells apart what is in the bucket; of records while nobody has a version in hand, only whose they are, and whether
// there are payloads.
func (b *bucket) state(settled bool) uint64 {
	var h uint64
	for key, o := range b.objects {
		if settled {
			_, replay, _ := strings.Cut(o.version, `"replayId":"`)
			replay, _, _ = strings.Cut(replay, `"`)
			h += hash(key, replay, strings.Contains(o.version, `"dropped":`))
			continue
		}
		h += hash(key, o.version)
	}
	return h
}

func (b *bucket) clone() bucket {
	return bucket{maps.Clone(b.objects), slices.Clone(b.keys)}
}
