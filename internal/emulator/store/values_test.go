package store

import (
	"bytes"
	"fmt"
	"os"
	"testing"
)

func TestValues_KeepsEachValueApart(t *testing.T) {
	var values Values
	defer values.Close()
	stored := map[Ref][]byte{}
	put := func(length int) {
		value := bytes.Repeat([]byte{byte(len(stored) + 1)}, length)
		at, err := values.Put(value)
		if err != nil {
			t.Fatal(err)
		}
		if stored[at] != nil && length > 0 {
			t.Fatalf("two values have the same place %v", at)
		}
		stored[at] = value
	}
	for i := range 500 {
		put(i * i % 3000)
		if i%3 == 0 {
			for at := range stored {
				values.Delete(at)
				delete(stored, at)
				break
			}
		}
	}
	for at, want := range stored {
		if got, err := values.Get(at); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%v: got %d bytes, %v, want %d bytes", at, len(got), err, len(want))
		}
	}
}

func TestValues_ReusesTheSpaceOfDeletedValues(t *testing.T) {
	var values Values
	defer values.Close()
	for _, length := range []int{1, 500, 70_000, 5 << 20} {
		for i := range 100 {
			at, err := values.Put(make([]byte, length-i%2*length/100))
			if err != nil {
				t.Fatal(err)
			}
			values.Delete(at)
		}
	}
	if limit := int64(2 * (5<<20 + 70_000 + 2_000) * 9 / 8); values.end > limit {
		t.Errorf("the file has %d bytes, want at most %d", values.end, limit)
	}
}

func TestValues_LeavesNoFile(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	t.Setenv("TMP", folder)
	var values Values
	if _, err := values.Put([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := values.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(folder)
	if err != nil || len(files) > 0 {
		t.Errorf("got %s, %v, want no files", fmt.Sprint(files), err)
	}
}
