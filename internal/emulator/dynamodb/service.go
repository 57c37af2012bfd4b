// Package dynamodb emulates the parts of Amazon DynamoDB that the platform and its users' tools
// need: tables, all kinds of expressions, batches, transactions and TTL. It rejects secondary
// indexes, streams, PartiQL and legacy parameters.
//
// The package has its own expression parser and evaluator. minidyn's evaluator returns errors for
// false conditions, rounds numbers to 53 bits, and applies the actions of an update one by one.
// Only the list of reserved words comes from minidyn.
package dynamodb

import (
	"cmp"
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

// TargetPrefix identifies DynamoDB's requests in the X-Amz-Target header.
const TargetPrefix = "DynamoDB_20120810"

// Config configures a service.
type Config struct {
	DB      *store.DB        // nil keeps the tables in memory
	Region  string           // default: us-east-1
	Account string           // default: 000000000000
	Now     func() time.Time // default: time.Now
}

// Service implements the DynamoDB API for one account's tables.
type Service struct {
	config       Config
	tableRecords *store.Bucket
	api          protocol.JSONHandler

	mu     sync.RWMutex // guards the map, not the tables in it
	tables map[string]*table
}

// tableRecord represents a table in the store. Items have their own records.
type tableRecord struct {
	Table   Table
	Created time.Time
}

// New returns a service with the stored tables, without their expired items.
func New(config Config) (*Service, error) {
	config.Region = cmp.Or(config.Region, "us-east-1")
	config.Account = cmp.Or(config.Account, "000000000000")
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
		t, err := s.newTable(record.Table, record.Created)
		if err != nil {
			return err
		}
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

// CreateTable creates a table if it does not exist. It returns an error if the table exists with
// another key.
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
	if !slices.Equal(t.definition.keys(), definition.keys()) {
		return fmt.Errorf("create table %s: it already exists with key %v",
			definition.Name, t.definition.keys())
	}
	return s.setTTL(t, definition.TTLAttribute)
}

// addTable adds a new table.
func (s *Service) addTable(definition Table) (*table, error) {
	for _, k := range definition.keys() {
		if k.Name == "" || !slices.Contains([]string{"S", "N", "B"}, k.Type) {
			return nil, validationError("Table %s needs keys with a name and the type S, N or B; "+
				"got %v", definition.Name, definition.keys())
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.tables[definition.Name]; ok {
		return nil, protocol.Errorf("ResourceInUseException",
			"Table already exists: %s", definition.Name)
	}
	t, err := s.newTable(definition, s.config.Now())
	if err != nil {
		return nil, err
	}
	if err := s.saveTable(t); err != nil {
		return nil, err
	}
	s.tables[definition.Name] = t
	return t, nil
}

// setTTL sets the TTL attribute; "" disables TTL. The caller holds the table's lock.
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
	return protocol.Errorf("ResourceNotFoundException",
		"Requested resource not found: Table: %s not found", name)
}

// lockTables locks the tables for writing until unlock is called.
func (s *Service) lockTables(
	names ...string,
) (tables map[string]*table, unlock func(), err error) {
	tables = map[string]*table{}
	for _, name := range names {
		if tables[name], err = s.table(name); err != nil {
			return nil, nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(tables)) { // a fixed order prevents deadlocks
		tables[name].mu.Lock()
	}
	unlock = func() {
		for _, t := range tables {
			t.mu.Unlock()
		}
	}
	for name, t := range tables {
		if t.deleted {
			unlock()
			return nil, nil, tableNotFound(name)
		}
	}
	return tables, unlock, nil
}

// ServeHTTP serves the DynamoDB API.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.api.ServeHTTP(w, r) }

// Operations returns the names of the supported operations, sorted.
func (s *Service) Operations() []string { return s.api.Operations() }

// op works like protocol.NewOperation and also returns the errors of decoding attribute values.
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
