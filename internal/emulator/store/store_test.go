package store

import (
	"maps"
	"path/filepath"
	"testing"
)

func TestBucket_KeepsKeysAcrossRuns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	db, bucket := open(t, path)
	for _, key := range []string{"a", "b", "c"} {
		if err := bucket.Put(key, []byte("value of "+key)); err != nil {
			t.Fatal(err)
		}
	}
	if err := bucket.Delete("a", "absent"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}

	db, bucket = open(t, path)
	defer db.Close()
	got := make(map[string]string)
	err := bucket.Each(
		func(key string, value []byte) error { got[key] = string(value); return nil },
	)
	if err != nil {
		t.Fatal(err)
	}
	if want := map[string]string{"b": "value of b", "c": "value of c"}; !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func open(t *testing.T, path string) (*DB, *Bucket) {
	t.Helper()
	db, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	bucket, err := db.Bucket("bucket")
	if err != nil {
		t.Fatal(err)
	}
	return db, bucket
}

func TestOpen_RejectsFileInUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	db, _ := open(t, path)
	defer db.Close()
	if other, err := Open(path); err == nil {
		other.Close()
		t.Error("the file was opened twice")
	}
}

func TestBucket_NilStoresNothing(t *testing.T) {
	var db *DB
	bucket, err := db.Bucket("bucket")
	if err != nil || bucket != nil {
		t.Fatalf("got %v, %v", bucket, err)
	}
	if err := bucket.Put("a", nil); err != nil {
		t.Error(err)
	}
	err = bucket.Each(func(string, []byte) error { t.Error("the bucket has a key"); return nil })
	if err != nil {
		t.Error(err)
	}
	if err := bucket.Delete("a"); err != nil {
		t.Error(err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}
