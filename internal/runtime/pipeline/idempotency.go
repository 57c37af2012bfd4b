package pipeline

import (
	"crypto/sha256"
	"encoding/hex"
	"sync"
)

// maxKeyLength is how many characters an idempotency key may have.
const maxKeyLength = 255

// checkKey accepts visible ASCII, as header values of every client and proxy carry it unchanged.
func checkKey(key string) error {
	if key == "" || len(key) > maxKeyLength {
		return Errorf(InvalidKey, "The Idempotency-Key has %d characters; from 1 to %d are accepted.", len(key), maxKeyLength)
	}
	for i := range len(key) {
		if key[i] <= ' ' || key[i] > '~' {
			return Errorf(InvalidKey, "The Idempotency-Key may hold visible ASCII characters only.")
		}
	}
	return nil
}

// keyedID is the id of the event that a caller's key stands for: a UUIDv8 (RFC 9562) of a hash of both, so that whoever
// comes with the key comes to the same item without looking anything up first.
func keyedID(caller, key string) string {
	sum := sha256.Sum256([]byte(caller + "\x00" + key)) // no key holds a NUL, so no two pairs are the same text
	sum[6] = sum[6]&0x0f | 0x80
	sum[8] = sum[8]&0x3f | 0x80
	text := hex.EncodeToString(sum[:16])
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}

// KeyCache remembers the events of the keys that were last accepted in this process, so that clients that all repeat one
// key don't all ask one item of the table. Its zero value is empty and ready.
type KeyCache struct {
	mu     sync.Mutex
	events map[string]Item
	ring   [1024]string // the ids, oldest at next
	next   int
}

func (r *KeyCache) get(id string) (Item, bool) {
	if r == nil {
		return Item{}, false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	item, ok := r.events[id]
	return item, ok
}

func (r *KeyCache) add(item Item) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.events == nil {
		r.events = make(map[string]Item)
	}
	if _, ok := r.events[item.ID]; !ok {
		delete(r.events, r.ring[r.next])
		r.ring[r.next] = item.ID
		r.next = (r.next + 1) % len(r.ring)
	}
	r.events[item.ID] = item
}
