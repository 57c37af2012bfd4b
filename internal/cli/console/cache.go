package console

import (
	"sync"
	"sync/atomic"
	"time"
)

// patience limits the time that a page waits for the result of a call. If the result comes later,
// open pages reload.
const patience = time.Second

// cache keeps the results of AWS calls for a short time, so that several readers share one call.
type cache struct {
	mu      sync.Mutex
	entries map[string]*cacheEntry
	late    atomic.Uint64 // results that came later than patience; pages must reload
}

type cacheEntry struct {
	started time.Time
	ready   chan struct{} // closed when value and expires are set
	value   any
	expires time.Time
	stale   any // the value before this entry; nil for none
}

// cached returns the result of load. For each key, it calls load at most once per ttl.
func cached[T any](c *cache, key string, ttl time.Duration, load func() T) T {
	e := c.entry(key, ttl, func() any { return load() })
	<-e.ready
	return e.value.(T)
}

// cachedSoon is like cached, but stops waiting after the time limit (the constant patience). It
// then returns the previous result. If there is none, it returns the value of pending.
func cachedSoon[T any](c *cache, key string, ttl time.Duration, pending T, load func() T) T {
	e := c.entry(key, ttl, func() any { return load() })
	select {
	case <-e.ready:
	case <-time.After(time.Until(e.started.Add(patience))):
	}
	if e.isReady() {
		return e.value.(T)
	}
	if e.stale != nil {
		return e.stale.(T)
	}
	return pending
}

// entry returns the entry of the key. If there is no entry, or if it has expired, entry starts a
// call of load in the background.
func (c *cache) entry(key string, ttl time.Duration, load func() any) *cacheEntry {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := &cacheEntry{started: time.Now(), ready: make(chan struct{})}
	if last := c.entries[key]; last != nil {
		if !last.isReady() || time.Now().Before(last.expires) {
			return last
		}
		e.stale = last.value
	}
	if c.entries == nil {
		c.entries = make(map[string]*cacheEntry)
	}
	c.entries[key] = e
	go func() {
		e.value = load()
		e.expires = time.Now().Add(ttl)
		close(e.ready)
		if time.Since(e.started) > patience {
			c.late.Add(1)
		}
	}()
	return e
}

func (e *cacheEntry) isReady() bool {
	select {
	case <-e.ready:
		return true
	default:
		return false
	}
}

// forget removes the value of the key, so that the next call of cached loads the value again.
func (c *cache) forget(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.entries, key)
}
