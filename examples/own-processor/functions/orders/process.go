package main

import (
	"context"
	"slices"

	"github.com/event-driven-cloud-platform/eventpipeline/processor"
)

// Order is the payload of an event.
type Order struct {
	OrderID  string `json:"orderId"`
	Currency string `json:"currency"`
	Test     bool   `json:"test"` // placed by the shop's own tests
	Lines    []Line `json:"lines"`
}

// Line is one product of an order.
type Line struct {
	SKU      string `json:"sku"`
	Quantity int    `json:"quantity"`
	Cents    int    `json:"cents"` // for one
}

// Sold is the payload of a record.
type Sold struct {
	OrderID  string `json:"orderId"`
	SKU      string `json:"sku"`
	Quantity int    `json:"quantity"`
	Cents    int    `json:"cents"` // for all
	Currency string `json:"currency"`
}

var currencies = []string{"EUR", "USD"}

// process makes a record of each line.
func process(ctx context.Context, event processor.Event, order Order) (processor.Record, error) {
	if order.Test {
		return processor.Filter("test-order", "orders of the shop's own tests are not kept"), nil
	}
	if !slices.Contains(currencies, order.Currency) {
		return processor.Record{}, processor.Reject("unknown-currency", "currency must be one of %v", currencies)
	}
	if len(order.Lines) == 0 {
		return processor.Record{}, processor.Reject("no-lines", "an order has at least one line")
	}
	sold := make([]Sold, len(order.Lines))
	for i, line := range order.Lines {
		sold[i] = Sold{order.OrderID, line.SKU, line.Quantity, line.Quantity * line.Cents, order.Currency}
	}
	processor.Log(ctx).Debug("order split", "lines", len(sold), "attempt", event.Attempt)
	return processor.FanOut(sold...), nil
}
