package pipeline

import (
	"strings"
	"testing"
)

var kilobyte = []byte(`{"eventType":"demo","items":[` +
	strings.Repeat(`{"sku":"A-1","quantity":2,"price":9.99},`, 24) + `null]}`)

func BenchmarkDecodeType(b *testing.B) {
	b.SetBytes(int64(len(kilobyte)))
	for b.Loop() {
		if _, err := DecodeType(kilobyte); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTransform(b *testing.B) {
	event := testEvent()
	b.SetBytes(int64(len(kilobyte)))
	for b.Loop() {
		output, err := Transform(b.Context(), nil, event, 1, kilobyte)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := NewRecords(event, output, testNow).Lines(); err != nil {
			b.Fatal(err)
		}
	}
}
