// Package dynamodb is Amazon DynamoDB as far as the platform and its users' tools need it: tables with condition,
// update, projection, filter and key condition expressions, batches, transactions and a time to live. It has no
// secondary indexes, streams, PartiQL, nor the parameters that expressions replaced; a request for those is refused.
//
// Expressions are this package's own rather than minidyn's, whose reserved words it uses: minidyn's interpreter makes
// errors of conditions that are plainly false, rounds numbers to 53 bits, and applies the parts of an update in turn.
package dynamodb

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/store"
)

// TargetPrefix is the prefix of X-Amz-Target in DynamoDB's requests.
const TargetPrefix = "DynamoDB_20120810"

// Config says where tables are kept and what they are part of.
type Config struct {
	DB      *store.DB // keeps the tables across runs; nil keeps them in memory only
	Region  string    // us-east-1 when empty
	Account string    // 000000000000 when empty
	Now     func() time.Time
}

// Service is the DynamoDB API over one account's tables.
type Service struct {
	config       Config
	tableRecords *store.Bucket
	api          protocol.JSONHandler

	mu     sync.RWMutex // guards byName, not what is in the tables
	tables map[string]*table
}

// tableRecord is what is kept of a table beside its items.
type tableRecord struct {
	Table   Table
	Created time.Time
}

// New serves the tables that earlier runs left in the store, without the items that have expired, or none.
func New(config Config) (*Service, error) {
	if config.Region == "" {
		config.Region = "us-east-1"
	}
	if config.Account == "" {
		config.Account = "000000000000"
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	tables, err := config.DB.Bucket("dynamodb.tables")
	if err != nil {
		return nil, err
	}
	s := &Service{config: config, tableRecords: tables, tables: map[string]*table{}}
	if err := s.load(); err != nil {
		return nil, err
	}
	s.api = protocol.JSONHandler{
		"CreateTable":        op(s.createTable),
		"DescribeTable":      op(s.describeTable),
		"ListTables":         op(s.listTables),
		"DeleteTable":        op(s.deleteTable),
		"DescribeTimeToLive": op(s.describeTimeToLive),
		"UpdateTimeToLive":   op(s.updateTimeToLive),
		"GetItem":            op(s.getItem),
		"PutItem":            op(s.putItem),
		"UpdateItem":         op(s.updateItem),
		"DeleteItem":         op(s.deleteItem),
		"BatchGetItem":       op(s.batchGetItem),
		"BatchWriteItem":     op(s.batchWriteItem),
		"TransactWriteItems": op(s.transactWriteItems),
		"Query":              op(s.query),
		"Scan":               op(s.scan),
	}
	return s, nil
}

func (s *Service) load() error {
	var records []tableRecord
	err := s.tableRecords.Each(func(name string, data []byte) error {
		var record tableRecord
		if err := json.Unmarshal(data, &record); err != nil {
			return fmt.Errorf("read table %s: %w", name, err)
		}
		records = append(records, record)
		return nil
	})
	if err != nil {
		return err
	}
	for _, record := range records {
		state, err := s.config.DB.Bucket(itemsBucket(record.Table.Name))
		if err != nil {
			return err
		}
		t := newTable(record.Table, record.Created, state)
		if err := t.load(); err != nil {
			return err
		}
		if err := t.expire(s.config.Now()); err != nil {
			return err
		}
		s.tables[record.Table.Name] = t
	}
	return nil
}

func itemsBucket(table string) string { return "dynamodb.items." + table }

// CreateTable makes sure that the table exists. It fails if there is one of that name with another key.
func (s *Service) CreateTable(definition Table) error {
	_, err := s.addTable(definition)
	var failure *protocol.Error
	if !errors.As(err, &failure) || failure.Code != "ResourceInUseException" {
		return err
	}
	t, err := s.table(definition.Name)
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.definition.PartitionKey != definition.PartitionKey || t.definition.SortKey != definition.SortKey {
		return fmt.Errorf("create table %s: it exists with the key %v", definition.Name, t.definition.keys())
	}
	return s.setTTL(t, definition.TTLAttribute)
}

// addTable adds a table that is not there yet.
func (s *Service) addTable(definition Table) (*table, error) {
	for _, k := range definition.keys() {
		if k.Name == "" || !slices.Contains([]string{"S", "N", "B"}, k.Type) {
			return nil, validationError("Table %s needs keys with a name and the type S, N or B; got %v", definition.Name, definition.keys())
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.tables[definition.Name]; ok {
		return nil, protocol.Errorf("ResourceInUseException", "Table already exists: %s", definition.Name)
	}
	state, err := s.config.DB.Bucket(itemsBucket(definition.Name))
	if err != nil {
		return nil, err
	}
	t := newTable(definition, s.config.Now(), state)
	if err := s.saveTable(t); err != nil {
		return nil, err
	}
	s.tables[definition.Name] = t
	return t, nil
}

// setTTL changes the attribute that holds items' expiry; "" means that they have none. The caller holds the table's lock.
func (s *Service) setTTL(t *table, attribute string) error {
	t.ttl = attribute
	return s.saveTable(t)
}

func (s *Service) saveTable(t *table) error {
	definition := t.definition
	definition.TTLAttribute = t.ttl
	data, err := json.Marshal(tableRecord{definition, t.created})
	if err != nil {
		return err
	}
	if err := s.tableRecords.Put(t.definition.Name, data); err != nil {
		return fmt.Errorf("store table %s: %w", t.definition.Name, err)
	}
	return nil
}

func (s *Service) table(name string) (*table, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, ok := s.tables[name]
	if !ok {
		return nil, tableNotFound(name)
	}
	return t, nil
}

func tableNotFound(name string) error {
	return protocol.Errorf("ResourceNotFoundException", "Requested resource not found: Table: %s not found", name)
}

// lockBucket returns the tables of those names, locked for writing until unlock is called.
func (s *Service) lock(names map[string]bool) (tables map[string]*table, unlock func(), err error) {
	tables = map[string]*table{}
	unlock = func() {
		for _, t := range tables {
			t.mu.Unlock()
		}
	}
	inOrder := slices.Sorted(maps.Keys(names)) // so that two transactions cannot deadlock
	for _, name := range inOrder {
		t, err := s.table(name)
		if err != nil {
			return nil, nil, err
		}
		tables[name] = t
	}
	for _, name := range inOrder {
		tables[name].mu.Lock()
	}
	for name, t := range tables {
		if t.deleted {
			unlock()
			return nil, nil, tableNotFound(name)
		}
	}
	return tables, unlock, nil
}

func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.api.ServeHTTP(w, r) }

// Operations are the names of the operations that it serves, in order.
func (s *Service) Operations() []string { return s.api.Operations() }

// op is protocol.NewOperation that lets through the errors of attribute values' own decoding.
func op[In, Out any](fn func(in *In) (*Out, error)) protocol.Operation {
	return func(_ *http.Request, body []byte) (any, error) {
		var in In
		if err := json.Unmarshal(body, &in); err != nil {
			var failure *protocol.Error
			if errors.As(err, &failure) {
				return nil, failure
			}
			return nil, protocol.Errorf("SerializationException", "%v", err)
		}
		return fn(&in)
	}
}
