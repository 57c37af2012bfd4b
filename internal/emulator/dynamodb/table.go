package dynamodb

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/store"
)

// Table defines the name, the key and the TTL attribute of a table.
type Table struct {
	Name         string
	PartitionKey Key
	SortKey      Key    `json:",omitzero"`  // optional
	TTLAttribute string `json:",omitempty"` // "" disables TTL
}

// Key defines an attribute of a table's key.
type Key struct {
	Name string
	Type string // S, N or B
}

// maxItemSize limits the bytes of an item, as in DynamoDB.
const maxItemSize = 400 << 10

// tableRecord represents a table in the store. It does not contain the items: each item has its own
// record.
type tableRecord struct {
	Table   `json:"Table"`
	Created time.Time
}

// table holds the items of a table. Service.mu guards the table. A write holds this lock from its
// condition check until it takes effect, which makes the write atomic.
type table struct {
	tableRecord
	records *store.Bucket // nil keeps the items in memory
	items   map[key]Item
	order   []key // the keys of items, sorted
}

func (s *Service) newTable(record tableRecord) (*table, error) {
	records, err := s.config.DB.Bucket("dynamodb.items." + record.Table.Name)
	return &table{tableRecord: record, records: records, items: map[key]Item{}}, err
}

// put stores the item.
func (t *table) put(k key, item Item) error {
	if t.records != nil {
		if err := t.records.Put(k.String(), appendItem(nil, item)); err != nil {
			return fmt.Errorf("put item in table %s: %w", t.Name, err)
		}
	}
	if _, ok := t.items[k]; !ok {
		i, _ := slices.BinarySearchFunc(t.order, k, key.compare)
		t.order = slices.Insert(t.order, i, k)
	}
	t.items[k] = item
	return nil
}

// remove deletes the item, if it exists.
func (t *table) remove(k key) error {
	if _, ok := t.items[k]; !ok {
		return nil
	}
	if err := t.records.Delete(k.String()); err != nil {
		return fmt.Errorf("delete item from table %s: %w", t.Name, err)
	}
	if i, ok := slices.BinarySearchFunc(t.order, k, key.compare); ok {
		t.order = slices.Delete(t.order, i, i+1)
	}
	delete(t.items, k)
	return nil
}

// load reads the stored items.
func (t *table) load() error {
	items, err := store.LoadJSON[attributes](t.records)
	if err != nil {
		return fmt.Errorf("load table %s: %w", t.Name, err)
	}
	for _, item := range items {
		k, err := t.keyOfItem(item)
		if err != nil {
			return fmt.Errorf("load table %s: %w", t.Name, err)
		}
		t.items[k] = item
		t.order = append(t.order, k)
	}
	slices.SortFunc(t.order, key.compare)
	return nil
}

// maxExpiry limits the time since an item's expiry time. Like DynamoDB, the service keeps items
// whose expiry time is further in the past.
const maxExpiry = 5 * 365 * 24 * time.Hour

// expire deletes items whose expiry time has passed. The service calls it only when it loads a
// table. DynamoDB deletes expired items within a few days.
func (t *table) expire(now time.Time) error {
	for _, k := range slices.Clone(t.order) {
		text, ok := t.items[k][t.TTLAttribute].(numberValue)
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
