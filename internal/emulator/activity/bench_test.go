package activity

import (
	"io"
	"testing"
)

const acceptedLine = `{"time":"2026-11-23T11:59:59.123456789Z","level":"INFO",` +
	`"msg":"event accepted","requestId":"0199aaf3-6f0b-7cc2-9c49-d7e4b3a1a002",` +
	`"traceId":"1-5759e988-bd862e3fe1be46a9",` +
	`"eventId":"0199aaf3-6f0b-7cc2-9c49-d7e4b3a1a001","eventType":"demo","bytes":51,` +
	`"milliseconds":3.25,"QueueName":"demo-events","Accepted":1,` +
	`"_aws":{"Timestamp":1795700000000,"CloudWatchMetrics":[` +
	`{"Namespace":"EventPipeline","Dimensions":[["QueueName"]],` +
	`"Metrics":[{"Name":"Accepted","Unit":"Count"}]}]}}`

// BenchmarkPrint parses and prints a line that the API function logged.
func BenchmarkPrint(b *testing.B) {
	for name, print := range map[string]func(Step) error{
		"text": func(s Step) error { return Print(io.Discard, s, Style{}) },
		"json": func(s Step) error { return PrintJSON(io.Discard, s) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				step, ok := parseLine(noon, "api", []byte(acceptedLine))
				if !ok {
					b.Fatal("the line is hidden, want a step")
				}
				if err := print(step); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
