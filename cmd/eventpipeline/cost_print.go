package main

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/cost"
)

// costReport holds the output of `eventpipeline cost`.
type costReport struct {
	Pipeline        string             `json:"pipeline"`
	Notifications   cost.Notifications `json:"notifications"`
	Workload        cost.Workload      `json:"workload"`
	EventsPerSecond float64            `json:"eventsPerSecond"`
	Region          string             `json:"region"`
	PricesOf        string             `json:"pricesOf"`
	NotInTemplate   []string           `json:"notInTemplate,omitempty"`
	NotPriced       []string           `json:"notPriced,omitempty"`
	cost.Estimate
	Limits []cost.Quota `json:"limits"` // the workload reaches the first limit first
}

// maxLimits is the maximum number of AWS limits that the command prints.
const maxLimits = 5

func (r costReport) print(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Pipeline %s, notifications %s\n", r.Pipeline, r.Notifications)
	fmt.Fprintf(&b, "%s events a month, %d per request, %d bytes each\n",
		formatQuantity(r.Workload.EventsPerMonth), r.Workload.PerRequest, r.Workload.Bytes)
	fmt.Fprintf(&b, "List prices of %s in USD, %s\n", r.Region, r.PricesOf)
	for _, what := range r.NotInTemplate {
		fmt.Fprintf(&b, "Not in the template: %s; defaults are assumed.\n", what)
	}
	for _, what := range r.NotPriced {
		fmt.Fprintf(&b, "No price: %s; the price of the class before is used.\n", what)
	}

	millions := r.Workload.EventsPerMonth / 1e6
	row := func(name string, perMillion float64) {
		fmt.Fprintf(&b, "%-32s%16.4f%16.2f\n", name, perMillion, perMillion*millions)
	}
	monthly := func(name string, usd float64) {
		fmt.Fprintf(&b, "%-32s%16s%16.2f\n", name, "", usd)
	}
	fmt.Fprintf(&b, "\n%-32s%16s%16s\n", "", "a million events", "a month")
	for _, line := range r.Requests {
		row(line.Name, line.USD)
	}
	row("= requests and compute", r.RequestsPerMillion)
	for _, line := range r.Operation {
		row(line.Name, line.USD)
	}
	row("= all that grows with events", r.TotalPerMillion)
	for _, line := range r.Fixed {
		if line.USD > 0 {
			monthly(line.Name, line.USD)
		}
	}
	for _, line := range r.Storage {
		monthly("Storage: "+line.Name, line.USD)
	}
	row("= the first month", r.BillPerMillion)
	monthly("= the twelfth month", r.TwelfthMonth)
	r.printLimits(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

func (r costReport) printLimits(b *strings.Builder) {
	fmt.Fprintf(b, "\nPeak rate: %s events/s. Quotas are the defaults of us-east-1.\n",
		formatQuantity(r.EventsPerSecond*r.Workload.Peak))
	fmt.Fprintf(b, "%-28s%12s%18s%18s\n", "Limit", "value", "used at the peak", "reached at")
	for _, limit := range r.Limits[:min(maxLimits, len(r.Limits))] {
		fmt.Fprintf(b, "%-28s%12s%18s%18s\n", limit.Name, formatQuantity(limit.Limit),
			formatQuantity(limit.Used), formatQuantity(limit.Events)+"/s")
	}
	b.WriteString("\n")
	for i, limit := range r.Limits {
		switch {
		case limit.Used > limit.Limit:
			fmt.Fprintf(b, "The workload exceeds the limit %q. To raise it,\n  %s.\n",
				limit.Name, limit.Raise)
		case i == 0:
			fmt.Fprintf(b, "The first limit is %q. To raise it,\n  %s.\n", limit.Name, limit.Raise)
		}
	}
}

// formatQuantity formats a number with commas. Numbers below 10 have two significant digits.
func formatQuantity(n float64) string {
	if n < 10 {
		return strconv.FormatFloat(n, 'g', 2, 64)
	}
	text := strconv.FormatFloat(math.Round(n), 'f', 0, 64)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
