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

// Table defines a table.
type Table struct {
	Name         string
	PartitionKey Key
	SortKey      Key    `json:",omitzero"` // optional
	TTLAttribute string `json:",omitempty"`
}

// Key defines an attribute of a table's key.
type Key struct {
	Name string
	Type string // S, N or B
}

// maxItemSize limits the bytes of an item, as in DynamoDB.
const maxItemSize = 400 << 10

// table holds items. Its lock makes writes atomic: a write checks its condition and takes effect
// under it.
type table struct {
	definition Table // without TTLAttribute, which may change
	created    time.Time
	records    *store.Bucket // nil keeps the items in memory

	mu      sync.RWMutex
	deleted bool
	ttl     string // the TTL attribute, or ""
	items   map[key]Item
	order   []key // sorted keys of items
}

func (s *Service) newTable(definition Table, created time.Time) (*table, error) {
	records, err := s.config.DB.Bucket("dynamodb.items." + definition.Name)
	ttl := definition.TTLAttribute
	definition.TTLAttribute = ""
	return &table{
		definition: definition, created: created, records: records,
		ttl: ttl, items: map[key]Item{},
	}, err
}

// get returns the item, or nil.
func (t *table) get(k key) Item {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.items[k]
}

// put stores the item. The caller holds the lock.
func (t *table) put(k key, item Item) error {
	if t.records != nil {
		if err := t.records.Put(k.String(), appendItem(nil, item)); err != nil {
			return fmt.Errorf("put item in table %s: %w", t.definition.Name, err)
		}
	}
	if _, ok := t.items[k]; !ok {
		i, _ := slices.BinarySearchFunc(t.order, k, key.compare)
		t.order = slices.Insert(t.order, i, k)
	}
	t.items[k] = item
	return nil
}

// remove deletes the item, if it exists. The caller holds the lock.
func (t *table) remove(k key) error {
	if _, ok := t.items[k]; !ok {
		return nil
	}
	if t.records != nil {
		if err := t.records.Delete(k.String()); err != nil {
			return fmt.Errorf("delete item from table %s: %w", t.definition.Name, err)
		}
	}
	if i, ok := slices.BinarySearchFunc(t.order, k, key.compare); ok {
		t.order = slices.Delete(t.order, i, i+1)
	}
	delete(t.items, k)
	return nil
}

// load reads the stored items.
func (t *table) load() error {
	err := t.records.Each(func(_ string, data []byte) error {
		var item attributes
		if err := json.Unmarshal(data, &item); err != nil {
			return err
		}
		k, err := t.definition.keyOfItem(item)
		if err != nil {
			return err
		}
		t.items[k] = item
		t.order = append(t.order, k)
		return nil
	})
	if err != nil {
		return fmt.Errorf("load table %s: %w", t.definition.Name, err)
	}
	slices.SortFunc(t.order, key.compare)
	return nil
}

// maxExpiry limits the age of an expiry time. DynamoDB ignores older ones.
const maxExpiry = 5 * 365 * 24 * time.Hour

// expire deletes items whose expiry time has passed. DynamoDB does so within a few days, the local
// platform when it loads the table.
func (t *table) expire(now time.Time) error {
	for _, k := range slices.Clone(t.order) {
		text, ok := t.items[k][t.ttl].(numberValue)
		if !ok {
			continue
		}
		seconds, err := strconv.ParseInt(string(text), 10, 64)
		if err != nil {
			continue // DynamoDB ignores invalid times
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
