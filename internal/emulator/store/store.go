// Package store keeps the local platform's state across runs.
//
// A nil *DB and a nil *Bucket are valid and keep nothing: that is the in-memory platform.
package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// DB is one file of named buckets.
type DB struct{ bolt *bbolt.DB }

// Bucket is a set of keys and values whose changes have reached the operating system when the call
// returns, so that they outlive a killed process.
type Bucket struct {
	bolt *bbolt.DB
	name []byte
}

// Open opens or creates the file at path. It fails if another process holds it.
func Open(path string) (*DB, error) {
	bolt, err := bbolt.Open(path, 0o600, &bbolt.Options{
		Timeout: time.Second,
		// The promise is to survive SIGKILL, not a power cut: without fsync a commit costs
		// microseconds.
		NoSync:         true,
		NoFreelistSync: true,
	})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, fmt.Errorf("open %s: another process is using it; stop that one, or take another folder than %s", path, filepath.Dir(path))
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return &DB{bolt}, nil
}

// Bucket returns the bucket of that name, which it creates if need be.
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

// Close writes everything to disk and closes the file.
func (db *DB) Close() error {
	if db == nil {
		return nil
	}
	return errors.Join(db.bolt.Sync(), db.bolt.Close())
}

// Put stores value under key.
func (b *Bucket) Put(key string, value []byte) error {
	if b == nil {
		return nil
	}
	return b.bolt.Update(func(tx *bbolt.Tx) error { return tx.Bucket(b.name).Put([]byte(key), value) })
}

// Delete removes keys; absent ones are no error.
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

// Each calls fn with every key in order. The value may be used only during the call.
func (b *Bucket) Each(fn func(key string, value []byte) error) error {
	if b == nil {
		return nil
	}
	return b.bolt.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(b.name).ForEach(func(k, v []byte) error { return fn(string(k), v) })
	})
}
