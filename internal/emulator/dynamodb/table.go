package dynamodb

import (
	"fmt"
	"iter"
	"strconv"
	"time"

	"github.com/tidwall/btree"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
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

// maxItemSize is the maximum size of an item in bytes, as in DynamoDB.
const maxItemSize = 400 << 10

// tableRecord represents a table in the store, without its items. Each item has its own record.
type tableRecord struct {
	Table   `json:"Table"`
	Created time.Time
}

// table holds the items of a table. Service.mu guards the table. A write is atomic, because it
// holds this lock from its condition check to its commit.
type table struct {
	tableRecord
	records *store.Bucket // nil if the items are not kept across runs
	values  *store.Values // holds the items
	index   *btree.BTreeG[indexed]
	size    int // total size of the items in bytes, as DynamoDB counts it
}

// entry locates an item in table.values.
type entry struct {
	key
	at store.Ref
}

// indexed represents an entry with a packed key.
type indexed struct {
	packed packedKey
	at     store.Ref
}

func (s *Service) newTable(record tableRecord) (*table, error) {
	records, err := s.config.DB.Bucket("dynamodb.items." + record.Table.Name)
	return &table{
		tableRecord: record,
		records:     records,
		values:      &s.values,
		index: btree.NewBTreeGOptions(
			func(a, b indexed) bool { return record.comparePacked(a.packed, b.packed) < 0 },
			btree.Options{NoLocks: true}),
	}, err
}

// entriesFrom returns the entries in ascending order. It skips the entries before k.
func (t *table) entriesFrom(k key) iter.Seq[entry] {
	return func(yield func(entry) bool) {
		t.index.Ascend(indexed{packed: pack(k)}, func(found indexed) bool {
			return yield(entry{t.unpack(found.packed), found.at})
		})
	}
}

// find returns the entry with the key.
func (t *table) find(k key) (entry, bool) {
	found, ok := t.index.Get(indexed{packed: pack(k)})
	return entry{k, found.at}, ok
}

// item returns the item with the key, or nil if it does not exist.
func (t *table) item(k key) (Item, error) {
	e, ok := t.find(k)
	if !ok {
		return nil, nil
	}
	return t.read(e)
}

func (t *table) read(e entry) (Item, error) {
	data, err := t.readJSON(e)
	if err != nil {
		return nil, err
	}
	var item attributes
	if err := protocol.Decode(data, &item); err != nil {
		return nil, fmt.Errorf("decode item of table %s: %w", t.Name, err)
	}
	return Item(item), nil
}

// readJSON returns the item as DynamoDB's JSON. The table stores items in this form.
func (t *table) readJSON(e entry) ([]byte, error) {
	data, err := t.values.Get(e.at)
	if err != nil {
		return nil, fmt.Errorf("read item from table %s: %w", t.Name, err)
	}
	return data, nil
}

// put stores the item. old is the replaced item, or nil.
func (t *table) put(k key, old, item Item) error {
	data := appendItem(make([]byte, 0, itemSize(item)+16*len(item)), item)
	at, err := t.values.Put(data)
	if err == nil {
		err = t.records.Put(k.String(), data)
	}
	if err != nil {
		return fmt.Errorf("put item in table %s: %w", t.Name, err)
	}
	t.set(k, at)
	t.size += itemSize(item) - itemSize(old)
	return nil
}

// set records the location of the item with the key. It deletes the value of the replaced item.
func (t *table) set(k key, at store.Ref) {
	if old, replaced := t.index.Set(indexed{pack(k), at}); replaced {
		t.values.Delete(old.at)
	}
}

// remove deletes the item. old is the item, or nil if it does not exist.
func (t *table) remove(k key, old Item) error {
	if old == nil {
		return nil
	}
	if err := t.records.Delete(k.String()); err != nil {
		return fmt.Errorf("delete item from table %s: %w", t.Name, err)
	}
	if removed, ok := t.index.Delete(indexed{packed: pack(k)}); ok {
		t.values.Delete(removed.at)
	}
	t.size -= itemSize(old)
	return nil
}

// load reads the stored items. It omits items whose TTL has expired.
func (t *table) load(now time.Time) error {
	var expired []string
	err := t.records.Each(func(id string, data []byte) error {
		var item attributes
		if err := protocol.Decode(data, &item); err != nil {
			return fmt.Errorf("read %s: %w", id, err)
		}
		if t.hasExpired(Item(item), now) {
			expired = append(expired, id)
			return nil
		}
		k, err := t.keyOfItem(Item(item))
		if err != nil {
			return err
		}
		at, err := t.values.Put(data)
		if err != nil {
			return err
		}
		t.set(k, at)
		t.size += itemSize(Item(item))
		return nil
	})
	if err == nil {
		err = t.records.Delete(expired...)
	}
	if err != nil {
		return fmt.Errorf("load table %s: %w", t.Name, err)
	}
	return nil
}

// maxExpiry is five years. As in DynamoDB, TTL does not delete an item whose expiry time is more
// than maxExpiry ago.
const maxExpiry = 5 * 365 * 24 * time.Hour

// hasExpired reports whether the item's expiry time has passed, but less than maxExpiry ago. The
// service deletes such items when it loads a table.
func (t *table) hasExpired(item Item, now time.Time) bool {
	text, ok := item[t.TTLAttribute].(numberValue)
	if !ok {
		return false
	}
	seconds, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		return false // DynamoDB ignores invalid times
	}
	expiry := time.Unix(seconds, 0)
	return expiry.Before(now) && expiry.After(now.Add(-maxExpiry))
}
