package inmem

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// Bucket implements the pipeline's interfaces to Bronze and Silver. The zero value is empty.
type Bucket struct {
	Now     func() time.Time // sets LastModified; nil means time.Now
	mu      sync.Mutex
	objects map[string]object
	writes  int
}

type object struct {
	body     []byte
	version  string
	modified time.Time
}

// Put stores body under key. If the key already exists, Put returns pipeline.ErrExists.
func (b *Bucket) Put(_ context.Context, key string, body []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, exists := b.objects[key]; exists {
		return pipeline.ErrExists
	}
	b.put(key, body)
	return nil
}

func (b *Bucket) put(key string, body []byte) {
	if b.objects == nil {
		b.objects = make(map[string]object)
	}
	now := time.Now
	if b.Now != nil {
		now = b.Now
	}
	b.writes++
	b.objects[key] = object{bytes.Clone(body), strconv.Itoa(b.writes), now()}
}

// Get returns the object under key.
func (b *Bucket) Get(ctx context.Context, key string) ([]byte, error) {
	body, _, err := b.GetVersion(ctx, key)
	return body, err
}

// GetVersion returns the object under key, and the object's version.
func (b *Bucket) GetVersion(_ context.Context, key string) ([]byte, string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	o, ok := b.objects[key]
	if !ok {
		return nil, "", pipeline.ErrNotFound
	}
	return bytes.Clone(o.body), o.version, nil
}

// Replace replaces the object if it still has the given version.
func (b *Bucket) Replace(_ context.Context, key string, body []byte, version string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.objects[key].version != version {
		return pipeline.ErrChanged
	}
	b.put(key, body)
	return nil
}

// Delete deletes an object. Only tests call it, because the pipeline never deletes objects.
func (b *Bucket) Delete(key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.objects, key)
}

// pageSize is so small that a listing in a test needs several pages.
const pageSize = 3

// Types returns a page of event types that sort after the given type.
func (b *Bucket) Types(_ context.Context, after string) ([]string, error) {
	var types []string
	for _, key := range b.Keys() {
		rest, inBronze := strings.CutPrefix(key, contract.BronzePrefix)
		eventType, _, inType := strings.Cut(rest, "/")
		if inBronze && inType && eventType+"/" > after+"/" &&
			!slices.Contains(types, eventType) && len(types) < pageSize {
			types = append(types, eventType)
		}
	}
	return types, nil
}

// List returns a page of objects. Their keys begin with the prefix and sort after the given key.
func (b *Bucket) List(_ context.Context, prefix, after string) ([]pipeline.Object, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var objects []pipeline.Object
	for _, key := range slices.Sorted(maps.Keys(b.objects)) {
		if strings.HasPrefix(key, prefix) && key > after && len(objects) < pageSize {
			objects = append(objects, pipeline.Object{Key: key,
				LastModified: b.objects[key].modified})
		}
	}
	return objects, nil
}

// Keys returns all keys in order.
func (b *Bucket) Keys() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Sorted(maps.Keys(b.objects))
}
