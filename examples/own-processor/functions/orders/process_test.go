package main

import (
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/processor"
	"github.com/event-driven-cloud-platform/eventpipeline/processor/processortest"
)

func TestProcess_MakesARecordForEachLine(t *testing.T) {
	got := processortest.Process(t.Context(), processor.JSON(process), `{
		"eventType": "order.placed", "orderId": "7", "currency": "EUR",
		"lines": [
			{"sku": "tea", "quantity": 2, "cents": 350},
			{"sku": "milk", "quantity": 1, "cents": 99}
		]
	}`)
	want := `PROCESSED
{"orderId":"7","sku":"tea","quantity":2,"cents":700,"currency":"EUR"}
{"orderId":"7","sku":"milk","quantity":1,"cents":99,"currency":"EUR"}`
	if got.String() != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestProcess_FiltersOrRejectsAnOrder(t *testing.T) {
	tests := []struct {
		payload string
		outcome processortest.Outcome
		code    string
	}{
		{`{"eventType":"order.placed","test":true}`, "FILTERED", "test-order"},
		{`{"eventType":"order.placed","currency":"XXX"}`, "FAILED", "rejected.unknown-currency"},
		{`{"eventType":"order.placed","currency":"USD"}`, "FAILED", "rejected.no-lines"},
		{`{"eventType":"order.placed","lines":"tea"}`, "FAILED", "rejected.invalid-payload"},
	}
	for _, test := range tests {
		got := processortest.Process(t.Context(), processor.JSON(process), test.payload)
		if got.Outcome != test.outcome || got.Code != test.code {
			t.Errorf("%s: got %s", test.payload, got)
		}
	}
}
