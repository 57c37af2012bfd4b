package dynamodb

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/testing/memory"
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
	before := memory.LiveHeap()
	for i := range count {
		key := stringValue(fmt.Sprintf("EVENT#%036d", i))
		for range 2 {
			in := &writeInput{TableName: "t", Item: attributes{"pk": key, "text": text}}
			if _, err := s.putItem(in); err != nil {
				t.Fatal(err)
			}
		}
	}
	if grown := (memory.LiveHeap() - before) / count; grown > limit {
		t.Errorf("an item takes %d bytes of memory, want at most %d", grown, limit)
	}
	runtime.KeepAlive(s)
}
