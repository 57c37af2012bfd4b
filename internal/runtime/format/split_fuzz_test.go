package format

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// FuzzSplit checks that splitArray finds the same elements as encoding/json, and that splitLines
// finds the same number of lines.
func FuzzSplit(f *testing.F) {
	for _, body := range []string{
		"[]", "[{}]", `[ {"a":[1,"]",{}]} , "\\\"", -1.5e3,[[]],null ]`,
		"[1,]", "[[1]", `{"a":[1]}`,
		"\ufeff[1]", "[\"\xff\",\"\u2028\"]", `["\ud800"]`, "[1]\n", "x", "",
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var want []json.RawMessage
		wantErr := json.Unmarshal(body, &want)
		isNull := wantErr == nil && want == nil
		got, err := splitArray(body)
		fits := 0 < len(want) && len(want) <= pipeline.MaxBatchEvents
		if valid := wantErr == nil && !isNull && fits; !valid {
			if err == nil {
				t.Fatalf("got %q, want an error", got)
			}
			return
		}
		if err != nil || len(got) != len(want) {
			t.Fatalf("got %q, %v; want %q", got, err, want)
		}
		var lines bytes.Buffer
		for i := range want {
			if !bytes.Equal(got[i], want[i]) {
				t.Fatalf("element %d is %q, want %q", i, got[i], want[i])
			}
			if err := json.Compact(&lines, want[i]); err != nil {
				t.Fatal(err)
			}
			lines.WriteString("\r\n\n")
		}
		inLines, err := splitLines(lines.Bytes())
		if err != nil || len(inLines) != len(want) {
			t.Fatalf("got lines %q, %v; want %q", inLines, err, want)
		}
	})
}
