package pipeline_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

func TestCompare_UsesTheProcessor(t *testing.T) {
	var w world
	w.workerWith(returning(`{"n":1}`, `{"n":2}`)).Process(t.Context(), w.accept(t, body))
	for name, c := range map[string]struct {
		processor pipeline.Processor
		want      []pipeline.Difference
	}{
		"the same": {returning(`{"n":1}`, `{"n":2}`), nil},
		"another payload": {returning(`{"n":1}`, `{"n":3}`),
			[]pipeline.Difference{{EventID: id, Kind: "changed",
				Fields: []string{"/1/payload/n"}}}},
		"fewer records": {returning(`{"n":1}`),
			[]pipeline.Difference{{EventID: id, Kind: "changed", Fields: []string{"/parts"}}}},
		"no processor": {nil, []pipeline.Difference{{EventID: id, Kind: "changed",
			Fields: []string{"/parts"}}}},
		"now filtered": {filters("c", "r"),
			[]pipeline.Difference{{EventID: id, Kind: "changed", Fields: []string{"/parts"}}}},
		"now rejected": {fails(pipeline.NewRejection("c", "why")),
			[]pipeline.Difference{{EventID: id, Kind: "refused", Reason: "why"}}},
		"now fails": {fails(errService),
			[]pipeline.Difference{{EventID: id, Kind: "refused",
				Reason: "the processor failed: " + errService.Error()}}},
	} {
		t.Run(name, func(t *testing.T) {
			replayer := w.replayer()
			replayer.Processor = c.processor
			var got []pipeline.Difference
			err := replayer.Compare(t.Context(), hours(""),
				func(d pipeline.Difference) { got = append(got, d) },
				func(string, pipeline.Comparison) error { return nil })
			if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
				t.Errorf("%v, differences differ (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestCompare_ReportsDifferences(t *testing.T) {
	var w world
	w.worker().Process(t.Context(), w.accept(t, body, body, body, body, poison))
	keys := w.silver.Keys()
	replace := func(key string, change func(string) string) {
		line, version, err := w.silver.GetVersion(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		err = w.silver.Replace(t.Context(), key, []byte(change(string(line))), version)
		if err != nil {
			t.Fatal(err)
		}
	}
	replace(keys[1], func(line string) string {
		return strings.NewReplacer(`"hello"`, `"bye"`, `"schemaVersion":1`,
			`"schemaVersion":0,"a/b":1`).Replace(line)
	})
	replace(keys[2], func(line string) string {
		return strings.Replace(line, `"processedAt":"2026`, `"processedAt":"2025`, 1)
	})
	w.silver.Delete(keys[3])

	var got []pipeline.Difference
	var counts pipeline.Comparison
	err := w.replayer().Compare(t.Context(), hours(""),
		func(d pipeline.Difference) { got = append(got, d) },
		func(_ string, c pipeline.Comparison) error {
			counts = c
			return nil
		})
	if err != nil {
		t.Fatal(err)
	}
	want := []pipeline.Difference{
		{EventID: "0199aaaa-0000-7000-8000-000000000002", Kind: "changed",
			Fields: []string{"/a~1b", "/payload/message", "/schemaVersion"}},
		{EventID: "0199aaaa-0000-7000-8000-000000000004", Kind: "missing"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("differences differ (-want +got):\n%s", diff)
	}
	diff := cmp.Diff(pipeline.Comparison{Scanned: 5, Same: 2, Changed: 1, Missing: 1, Skipped: 1},
		counts)
	if diff != "" {
		t.Errorf("counts differ (-want +got):\n%s", diff)
	}
}

func TestCompare_ReportsUnreadableRecords(t *testing.T) {
	var w world
	w.worker().Process(t.Context(), w.accept(t, body))
	key := w.silver.Keys()[0]
	_, version, err := w.silver.GetVersion(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.silver.Replace(t.Context(), key, []byte("{"), version); err != nil {
		t.Fatal(err)
	}
	var got pipeline.Difference
	err = w.replayer().Compare(t.Context(), hours(""), func(d pipeline.Difference) { got = d },
		func(string, pipeline.Comparison) error { return nil })
	if err != nil || got.Kind != "changed" || len(got.Fields) > 0 ||
		got.Reason != "the record in Silver is not a JSON object" {
		t.Errorf("%+v, %v", got, err)
	}
}
