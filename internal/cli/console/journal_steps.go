package console

import (
	"encoding/binary"
	"log/slog"
	"slices"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/activity"
)

// encodeStep returns the step in a binary format. JSON takes ten times as long.
func encodeStep(step activity.Step) []byte {
	size := 64
	texts := []string{step.Name, step.EventID, step.EventType, step.Source, step.Output}
	for _, text := range texts {
		size += len(text)
	}
	for _, d := range step.Details {
		size += len(d.Name) + len(d.Value) + 4
	}
	b := make([]byte, 0, size)
	b = binary.AppendVarint(b, step.Time.UnixNano())
	b = binary.AppendVarint(b, int64(step.Level))
	for _, text := range texts {
		b = appendText(b, text)
	}
	for _, d := range step.Details {
		b = appendText(appendText(b, d.Name), string(d.Value))
	}
	return slices.Clip(b)
}

func appendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

// decodeStep returns the step that encodeStep has encoded.
func decodeStep(b []byte) activity.Step {
	number := func() int64 {
		n, length := binary.Varint(b)
		b = b[length:]
		return n
	}
	text := func() string {
		size, length := binary.Uvarint(b)
		b = b[length:]
		text := string(b[:size])
		b = b[size:]
		return text
	}
	step := activity.Step{
		Time: time.Unix(0, number()), Level: slog.Level(number()),
		Name: text(), EventID: text(), EventType: text(), Source: text(), Output: text(),
	}
	for len(b) > 0 {
		step.Details = append(step.Details, activity.Detail{Name: text(), Value: []byte(text())})
	}
	return step
}
