package main

import (
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/processor"
	"github.com/event-driven-cloud-platform/eventpipeline/processor/processortest"
)

func TestProcess(t *testing.T) {
	for payload, want := range map[string]string{
		`{"eventType":"order.placed","orderId":"7","currency":"EUR","lines":[{"sku":"tea","quantity":2,"cents":350},{"sku":"milk","quantity":1,"cents":99}]}`: "PROCESSED\n" +
			`{"orderId":"7","sku":"tea","quantity":2,"cents":700,"currency":"EUR"}` + "\n" +
			`{"orderId":"7","sku":"milk","quantity":1,"cents":99,"currency":"EUR"}`,
		`{"eventType":"order.placed","orderId":"8","test":true}`:      "FILTERED test-order: orders of the shop's own tests are not kept",
		`{"eventType":"order.placed","orderId":"9","currency":"XXX"}`: "FAILED rejected.unknown-currency: currency must be one of [EUR USD]",
		`{"eventType":"order.placed","currency":"USD"}`:               "FAILED rejected.no-lines: an order has at least one line",
		`{"eventType":"order.placed","lines":"tea"}`: "FAILED rejected.invalid-payload: " +
			"The payload is not what the processor expects: a JSON string at lines where an array is to be.",
	} {
		if got := processortest.Process(t.Context(), processor.JSON(process), payload).String(); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", payload, got, want)
		}
	}
}
