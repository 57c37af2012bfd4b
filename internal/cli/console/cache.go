package console

import (
	"sync"
	"time"
)

// cache keeps the results of AWS calls for a short time, so that several readers share one call.
type cache struct {
	mu      sync.Mutex
	entries map[string]*cacheEntry
}

type cacheEntry struct {
	mu      sync.Mutex
	value   any
	expires time.Time
}

// cached returns the result of load. For each key, it calls load at most once per ttl.
func cached[T any](c *cache, key string, ttl time.Duration, load func() T) T {
	c.mu.Lock()
	if c.entries == nil {
		c.entries = make(map[string]*cacheEntry)
	}
	e := c.entries[key]
	if e == nil {
		e = &cacheEntry{}
		c.entries[key] = e
	}
	c.mu.Unlock()
	e.mu.Lock()
	defer e.mu.Unlock()
	if time.Now().Before(e.expires) {
		return e.value.(T)
	}
	value := load()
	e.value, e.expires = value, time.Now().Add(ttl)
	return value
}

// forget removes the value of the key, so that the next call of cached loads the value again.
func (c *cache) forget(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.entries, key)
}
