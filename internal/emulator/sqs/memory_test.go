package sqs

import (
	"runtime"
	"strings"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/testing/memory"
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
	before := memory.LiveHeap()
	for range count {
		if _, err := q.Send(strings.Repeat("x", 2000), 0); err != nil {
			t.Fatal(err)
		}
	}
	if grown := (memory.LiveHeap() - before) / count; grown > limit {
		t.Errorf("a message takes %d bytes of memory, want at most %d", grown, limit)
	}
	runtime.KeepAlive(s)
}
