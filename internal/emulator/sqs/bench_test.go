package sqs_test

import (
	"strings"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/sqs"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/store"
)

// BenchmarkSendReceiveDelete measures one send, receive and delete in a queue with 100,000 other
// messages.
func BenchmarkSendReceiveDelete(b *testing.B) {
	b.Run("memory", func(b *testing.B) { benchmark(b, nil, 1) })
	b.Run("memory batch 10", func(b *testing.B) { benchmark(b, nil, 10) })
	b.Run("database", func(b *testing.B) { benchmark(b, openDB(b), 1) })
	b.Run("database batch 10", func(b *testing.B) { benchmark(b, openDB(b), 10) })
}

func benchmark(b *testing.B, db *store.DB, batch int) {
	q, err := newService(b, sqs.Config{DB: db}).CreateQueue(sqs.QueueConfig{Name: "events"})
	if err != nil {
		b.Fatal(err)
	}
	body := strings.Repeat("x", 500)
	for range 100_000 {
		send(b, q, body)
	}
	calls := 0
	for i := 0; b.Loop(); i++ {
		send(b, q, body)
		calls++
		if i%batch < batch-1 {
			continue
		}
		got, err := q.Receive(b.Context(), batch, 0)
		if err != nil {
			b.Fatal(err)
		}
		var handles []string
		for _, m := range got {
			handles = append(handles, m.ReceiptHandle)
		}
		if err := q.Delete(handles...); err != nil {
			b.Fatal(err)
		}
		calls += 2
	}
	b.ReportMetric(float64(calls)/b.Elapsed().Seconds(), "calls/s")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}
