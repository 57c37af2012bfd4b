// Package dynamodb emulates a part of Amazon DynamoDB: tables, all kinds of expressions, batches,
// transactions and TTL. It rejects secondary indexes, streams, PartiQL and legacy parameters.
//
// The package contains its own expression parser and evaluator. From the library minidyn, it uses
// only the list of reserved words. Minidyn's evaluator differs from DynamoDB:
//
//   - It returns errors for false conditions.
//   - It rounds numbers to 53 bits.
//   - It applies the actions of an update one by one.
package dynamodb

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/store"
)

// Config configures a service.
type Config struct {
	DB      *store.DB        // nil if the tables are not kept across runs
	Region  string           // default: us-east-1
	Account string           // default: 000000000000
	Now     func() time.Time // default: time.Now
}

// Service implements the DynamoDB API for one account's tables.
type Service struct {
	protocol.JSONHandler
	config       Config
	tableRecords *store.Bucket
	values       store.Values // the items of all tables

	mu     sync.RWMutex // guards the fields below
	tables map[string]*table
	tokens requestTokens
}

// New returns a service with the stored tables. It deletes the items whose TTL has expired.
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
	read, write := s.mu.RLocker(), &s.mu
	s.JSONHandler = protocol.JSONHandler{
		"CreateTable":        protocol.Locked(write, s.createTable),
		"DescribeTable":      protocol.Locked(read, s.describeTable),
		"ListTables":         protocol.Locked(read, s.listTables),
		"DeleteTable":        protocol.Locked(write, s.deleteTable),
		"DescribeTimeToLive": protocol.Locked(read, s.describeTimeToLive),
		"UpdateTimeToLive":   protocol.Locked(write, s.updateTimeToLive),
		"GetItem":            protocol.Locked(read, s.getItem),
		"PutItem":            protocol.Locked(write, s.putItem),
		"UpdateItem":         protocol.Locked(write, s.updateItem),
		"DeleteItem":         protocol.Locked(write, s.deleteItem),
		"BatchGetItem":       protocol.Locked(read, s.batchGetItem),
		"BatchWriteItem":     protocol.Locked(write, s.batchWriteItem),
		"TransactWriteItems": protocol.Locked(write, s.transactWriteItems),
		"Query":              protocol.Locked(read, s.query),
		"Scan":               protocol.Locked(read, s.scan),
	}
	return s, nil
}

func (s *Service) load() error {
	records, err := store.LoadJSON[tableRecord](s.tableRecords)
	if err != nil {
		return err
	}
	for name, record := range records {
		t, err := s.newTable(record)
		if err != nil {
			return err
		}
		if err := t.load(s.config.Now()); err != nil {
			return err
		}
		s.tables[name] = t
	}
	return nil
}

// Close deletes the temporary file with the items. The items in Config.DB remain.
func (s *Service) Close() error { return s.values.Close() }

// CreateTable creates a table if it does not exist, and sets the TTL attribute. It returns an error
// if the existing table has another key.
func (s *Service) CreateTable(definition Table) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.tables[definition.Name]
	if !ok {
		_, err := s.addTable(definition)
		return err
	}
	if !slices.Equal(t.keys(), definition.keys()) {
		return fmt.Errorf("create table %s: the table already exists with key %v; "+
			"remove the data folder to create the table again",
			definition.Name, t.keys())
	}
	return s.setTTL(t, definition.TTLAttribute)
}

// addTable adds a new table. The caller holds s.mu.
func (s *Service) addTable(definition Table) (*table, error) {
	for _, k := range definition.keys() {
		if k.Name == "" || !slices.Contains([]string{"S", "N", "B"}, k.Type) {
			return nil, validationError("each key of table %s must have a name and the type "+
				"S, N or B, got %v", definition.Name, definition.keys())
		}
	}
	if _, ok := s.tables[definition.Name]; ok {
		return nil, protocol.Errorf("ResourceInUseException",
			"Table already exists: %s", definition.Name)
	}
	t, err := s.newTable(tableRecord{definition, s.config.Now()})
	if err != nil {
		return nil, err
	}
	if err := s.saveTable(t); err != nil {
		return nil, err
	}
	s.tables[definition.Name] = t
	return t, nil
}

// setTTL sets the TTL attribute of the table; "" disables TTL. The caller holds s.mu.
func (s *Service) setTTL(t *table, attribute string) error {
	t.TTLAttribute = attribute
	return s.saveTable(t)
}

func (s *Service) saveTable(t *table) error {
	if err := s.tableRecords.PutJSON(t.Name, t.tableRecord); err != nil {
		return fmt.Errorf("store table %s: %w", t.Name, err)
	}
	return nil
}

func (s *Service) tableARN(name string) string {
	return protocol.ARN(Name, s.config.Region, s.config.Account, "table/"+name)
}

// tableName returns a table's name. nameOrARN is the table's name or ARN.
func (s *Service) tableName(nameOrARN string) string {
	return strings.TrimPrefix(nameOrARN, s.tableARN(""))
}

// table returns a table. nameOrARN is the table's name or ARN. The caller holds s.mu.
func (s *Service) table(nameOrARN string) (*table, error) {
	if err := checkRequired("", requiredTable(nameOrARN)); err != nil {
		return nil, err
	}
	t, ok := s.tables[s.tableName(nameOrARN)]
	if !ok {
		return nil, protocol.Errorf("ResourceNotFoundException",
			"Requested resource not found: Table: %s not found", nameOrARN)
	}
	return t, nil
}
