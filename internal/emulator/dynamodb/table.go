package dynamodb

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/store"
)

// Table says what a table is.
type Table struct {
	Name         string
	PartitionKey Key
	SortKey      Key    `json:",omitzero"` // zero if the table has none
	TTLAttribute string `json:",omitempty"`
}

// Key is an attribute of a table's key.
type Key struct {
	Name string
	Type string // S, N or B
}

// maxItemSize is DynamoDB's limit on an item.
const maxItemSize = 400 << 10

// table holds items. Its lock is the unit of isolation: a write checks its condition and takes effect under it.
type table struct {
	definition Table // without its TTLAttribute, which may change
	created    time.Time
	records    *store.Bucket // nil where nothing is kept

	mu      sync.RWMutex
	deleted bool
	ttl     string // the TTLAttribute
	items   map[key]Item
	order   []key // of items, sorted
}

func newTable(definition Table, created time.Time, state *store.Bucket) *table {
	ttl := definition.TTLAttribute
	definition.TTLAttribute = ""
	return &table{definition: definition, created: created, records: state, ttl: ttl, items: map[key]Item{}}
}

// get returns the item, nil if there is none.
func (t *table) get(k key) Item {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.items[k]
}

// publish stores the item, and remove takes it away. The caller holds the lock.
func (t *table) put(k key, item Item) error {
	if t.records != nil {
		if err := t.records.Put(k.String(), appendItem(nil, item)); err != nil {
			return fmt.Errorf("store an item of table %s: %w", t.definition.Name, err)
		}
	}
	if _, ok := t.items[k]; !ok {
		i, _ := slices.BinarySearchFunc(t.order, k, key.compare)
		t.order = slices.Insert(t.order, i, k)
	}
	t.items[k] = item
	return nil
}

func (t *table) remove(k key) error {
	if _, ok := t.items[k]; !ok {
		return nil
	}
	if t.records != nil {
		if err := t.records.Delete(k.String()); err != nil {
			return fmt.Errorf("delete an item of table %s: %w", t.definition.Name, err)
		}
	}
	if i, ok := slices.BinarySearchFunc(t.order, k, key.compare); ok {
		t.order = slices.Delete(t.order, i, i+1)
	}
	delete(t.items, k)
	return nil
}

// load reads the items that an earlier run kept.
func (t *table) load() error {
	err := t.records.Each(func(_ string, data []byte) error {
		var item attributes
		if err := json.Unmarshal(data, &item); err != nil {
			return err
		}
		k, err := t.definition.keyOfItem(Item(item))
		if err != nil {
			return err
		}
		t.items[k] = Item(item)
		t.order = append(t.order, k)
		return nil
	})
	if err != nil {
		return fmt.Errorf("load table %s: %w", t.definition.Name, err)
	}
	slices.SortFunc(t.order, key.compare)
	return nil
}

// maxExpiry is how far back an expiry may lie for DynamoDB to act on it.
const maxExpiry = 5 * 365 * 24 * time.Hour

// expire removes items whose time to live has passed. DynamoDB does so within days; this table does when it is loaded.
func (t *table) expire(now time.Time) error {
	for _, k := range slices.Clone(t.order) {
		text, ok := t.items[k][t.ttl].(numberValue)
		if !ok {
			continue
		}
		seconds, err := strconv.ParseInt(string(text), 10, 64)
		if err != nil {
			continue // DynamoDB ignores what is no time
		}
		expiry := time.Unix(seconds, 0)
		if expiry.Before(now) && expiry.After(now.Add(-maxExpiry)) {
			if err := t.remove(k); err != nil {
				return err
			}
		}
	}
	return nil
}
