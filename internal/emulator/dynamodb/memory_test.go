package dynamodb

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

func TestService_TakesLittleMemoryPerItem(t *testing.T) {
	s, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.CreateTable(Table{Name: "t", PartitionKey: Key{"pk", "S"}}); err != nil {
		t.Fatal(err)
	}
	const count, limit = 5000, 300
	text := stringValue(strings.Repeat("x", 1000))
	before := heap()
	for i := range count {
		key := stringValue(fmt.Sprintf("EVENT#%036d", i))
		for range 2 {
			in := &writeInput{TableName: "t", Item: attributes{"pk": key, "text": text}}
			if _, err := s.putItem(in); err != nil {
				t.Fatal(err)
			}
		}
	}
	if grown := (heap() - before) / count; grown > limit {
		t.Errorf("an item takes %d bytes of memory, want at most %d", grown, limit)
	}
	runtime.KeepAlive(s)
}

// heap returns the size of the live heap in bytes.
func heap() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}
