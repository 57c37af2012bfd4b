package sqs

import (
	"runtime"
	"strings"
	"testing"
)

func TestService_TakesLittleMemoryPerMessage(t *testing.T) {
	s, err := New(Config{Account: "123456789012"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	q, err := s.CreateQueue(QueueConfig{Name: "q"})
	if err != nil {
		t.Fatal(err)
	}
	const count, limit = 5000, 700
	before := liveHeap()
	for range count {
		if _, err := q.Send(strings.Repeat("x", 2000), 0); err != nil {
			t.Fatal(err)
		}
	}
	if grown := (liveHeap() - before) / count; grown > limit {
		t.Errorf("a message takes %d bytes of memory, want at most %d", grown, limit)
	}
	runtime.KeepAlive(s)
}

// liveHeap returns the size of the live heap in bytes.
func liveHeap() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}
