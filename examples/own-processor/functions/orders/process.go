package main

import (
	"context"
	"slices"

	"github.com/event-driven-cloud-platform/eventpipeline/processor"
)

// Order represents the payload of an event.
type Order struct {
	OrderID  string `json:"orderId"`
	Currency string `json:"currency"`
	Test     bool   `json:"test"` // placed to test the shop
	Lines    []Line `json:"lines"`
}

// Line represents one product of an order.
type Line struct {
	SKU      string `json:"sku"`
	Quantity int    `json:"quantity"`
	Cents    int    `json:"cents"` // for one piece
}

// Sold represents the payload of a record.
type Sold struct {
	OrderID  string `json:"orderId"`
	SKU      string `json:"sku"`
	Quantity int    `json:"quantity"`
	Cents    int    `json:"cents"` // for all pieces
	Currency string `json:"currency"`
}

var currencies = []string{"EUR", "USD"}

// process makes one record for each line.
func process(ctx context.Context, event processor.Event, order Order) (processor.Record, error) {
	if order.Test {
		return processor.Filter("test-order", "test orders are not stored"), nil
	}
	if !slices.Contains(currencies, order.Currency) {
		err := processor.Reject("unknown-currency", "currency must be one of %v", currencies)
		return processor.Record{}, err
	}
	if len(order.Lines) == 0 {
		return processor.Record{}, processor.Reject("no-lines", "lines must have at least one line")
	}
	sold := make([]Sold, len(order.Lines))
	for i, line := range order.Lines {
		cents := line.Quantity * line.Cents
		sold[i] = Sold{order.OrderID, line.SKU, line.Quantity, cents, order.Currency}
	}
	processor.Log(ctx).Debug("order split", "lines", len(sold), "attempt", event.Attempt)
	return processor.FanOut(sold...), nil
}
