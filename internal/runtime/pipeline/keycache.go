package pipeline

import "sync"

// KeyCache caches the items of the last idempotency keys that this process has accepted. Repeated
// keys then cause fewer reads of the table. The zero value is ready to use.
type KeyCache struct {
	mu    sync.Mutex
	items map[string]Item
	ring  [1024]string // event ids; the oldest id is at index next
	next  int
}

func (c *KeyCache) get(id string) (Item, bool) {
	if c == nil {
		return Item{}, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	item, ok := c.items[id]
	return item, ok
}

func (c *KeyCache) add(item Item) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.items == nil {
		c.items = make(map[string]Item)
	}
	if _, ok := c.items[item.ID]; !ok {
		delete(c.items, c.ring[c.next])
		c.ring[c.next] = item.ID
		c.next = (c.next + 1) % len(c.ring)
	}
	c.items[item.ID] = item
}
