// Package store keeps the emulator's state across runs.
//
// A nil *DB and a nil *Bucket are valid and store nothing.
package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// DB represents a file of named buckets.
type DB struct{ bolt *bbolt.DB }

// Bucket stores values by key. A change survives if the process is killed, because each write
// returns only after the operating system has received the change.
type Bucket struct {
	bolt *bbolt.DB
	name []byte
}

// Open opens or creates a file. It returns an error if another process has the file open.
func Open(path string) (*DB, error) {
	bolt, err := bbolt.Open(path, 0o600, &bbolt.Options{
		Timeout: time.Second,
		// The state must survive SIGKILL, but not a power cut. Without fsync, a commit takes only
		// microseconds.
		NoSync:         true,
		NoFreelistSync: true,
	})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, fmt.Errorf("open %s: another process is using it; "+
			"stop that process or use a folder other than %s", path, filepath.Dir(path))
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return &DB{bolt}, nil
}

// Bucket returns a bucket, and creates it if it does not exist.
func (db *DB) Bucket(name string) (*Bucket, error) {
	if db == nil {
		return nil, nil
	}
	err := db.bolt.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists([]byte(name))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("create bucket %s: %w", name, err)
	}
	return &Bucket{db.bolt, []byte(name)}, nil
}

// Close writes the file to disk and closes it.
func (db *DB) Close() error {
	if db == nil {
		return nil
	}
	return errors.Join(db.bolt.Sync(), db.bolt.Close())
}

// Put stores a value.
func (b *Bucket) Put(key string, value []byte) error {
	if b == nil {
		return nil
	}
	return b.bolt.Update(func(tx *bbolt.Tx) error {
		return tx.Bucket(b.name).Put([]byte(key), value)
	})
}

// PutJSON stores a value as JSON.
func (b *Bucket) PutJSON(key string, value any) error {
	if b == nil {
		return nil
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return err
	}
	return b.Put(key, text.Bytes())
}

// Delete deletes keys. It ignores keys that do not exist.
func (b *Bucket) Delete(keys ...string) error {
	if b == nil || len(keys) == 0 {
		return nil
	}
	return b.bolt.Update(func(tx *bbolt.Tx) error {
		for _, key := range keys {
			if err := tx.Bucket(b.name).Delete([]byte(key)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Each calls fn with each key and value, in the order of the keys. A value is valid only during the
// call.
func (b *Bucket) Each(fn func(key string, value []byte) error) error {
	if b == nil {
		return nil
	}
	return b.bolt.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(b.name).ForEach(func(k, v []byte) error { return fn(string(k), v) })
	})
}

// LoadJSON decodes the values of a bucket from JSON and returns them by key.
func LoadJSON[T any](b *Bucket) (map[string]T, error) {
	values := map[string]T{}
	return values, b.Each(func(key string, data []byte) error {
		var value T
		if err := json.Unmarshal(data, &value); err != nil {
			return fmt.Errorf("read %s: %w", key, err)
		}
		values[key] = value
		return nil
	})
}
