package pipeline_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

func TestCompare_UsesTheProcessor(t *testing.T) {
	var w world
	w.workerWith(returnPayloads(`{"n":1}`, `{"n":2}`)).Process(t.Context(), w.accept(t, body))
	for name, c := range map[string]struct {
		processor pipeline.Processor
		want      []pipeline.Difference
	}{
		"the same": {returnPayloads(`{"n":1}`, `{"n":2}`), nil},
		"another payload": {returnPayloads(`{"n":1}`, `{"n":3}`),
			[]pipeline.Difference{{EventID: id, Kind: "changed",
				Fields: []string{"/1/payload/n"}}}},
		"fewer records": {returnPayloads(`{"n":1}`),
			[]pipeline.Difference{{EventID: id, Kind: "changed", Fields: []string{"/parts"}}}},
		"no processor": {nil, []pipeline.Difference{{EventID: id, Kind: "changed",
			Fields: []string{"/parts"}}}},
		"now filtered": {filterWith("c", "r"),
			[]pipeline.Difference{{EventID: id, Kind: "changed", Fields: []string{"/parts"}}}},
		"now rejected": {failWith(pipeline.NewRejection("c", "why")),
			[]pipeline.Difference{{EventID: id, Kind: "refused", Reason: "why"}}},
		"now fails": {failWith(errService),
			[]pipeline.Difference{{EventID: id, Kind: "refused",
				Reason: "the processor failed: " + errService.Error()}}},
	} {
		t.Run(name, func(t *testing.T) {
			replayer := w.replayer()
			replayer.Processor = c.processor
			var got []pipeline.Difference
			err := replayer.Compare(t.Context(), replayRequest(""),
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
	err := w.replayer().Compare(t.Context(), replayRequest(""),
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
	err = w.replayer().Compare(t.Context(), replayRequest(""),
		func(d pipeline.Difference) { got = d },
		func(string, pipeline.Comparison) error { return nil })
	if err != nil || got.Kind != "changed" || len(got.Fields) > 0 ||
		got.Reason != "the record in Silver is not a JSON object" {
		t.Errorf("%+v, %v", got, err)
	}
}

// compareEvent compares the event or batch with the given id.
func (w *world) compareEvent(
	t *testing.T, processor pipeline.Processor, id string,
) ([]pipeline.Difference, pipeline.Comparison) {
	t.Helper()
	replayer := w.replayer()
	replayer.Processor = processor
	req := pipeline.ReplayRequest{
		Type: "demo", EventID: id,
		From: now.Truncate(time.Millisecond), To: now.Add(time.Millisecond),
	}
	var differences []pipeline.Difference
	var counts pipeline.Comparison
	err := replayer.Compare(t.Context(), req,
		func(d pipeline.Difference) { differences = append(differences, d) },
		func(_ string, c pipeline.Comparison) error { counts = c; return nil })
	if err != nil {
		t.Fatal(err)
	}
	return differences, counts
}

// A request must be able to select an event that still belongs to a batch. Event 0 was split off
// and is FAILED. Events 1 and 2 belong to the batch.
func TestCompare_SelectsAnEventOfABatch(t *testing.T) {
	var w world
	w.drain(t, w.workerWith(byNumber(func(n int) error {
		if n < 0 {
			return errRejected
		}
		return nil
	})), w.acceptBatch(t, -1, 1, 2))
	changed := func(suffixes ...string) (differences []pipeline.Difference) {
		for _, suffix := range suffixes {
			differences = append(differences, pipeline.Difference{
				EventID: id + suffix, Kind: "changed", Fields: []string{"/payload/n"},
			})
		}
		return differences
	}
	for suffix, want := range map[string]struct {
		differences []pipeline.Difference
		counts      pipeline.Comparison
	}{
		"":   {changed(".1", ".2"), pipeline.Comparison{Scanned: 3, Changed: 2, Skipped: 1}},
		".0": {nil, pipeline.Comparison{Scanned: 1, Skipped: 1}},
		".2": {changed(".2"), pipeline.Comparison{Scanned: 1, Changed: 1}},
		".3": {nil, pipeline.Comparison{}},
	} {
		differences, counts := w.compareEvent(t, returnPayloads(`{"eventType":"demo","n":9}`),
			id+suffix)
		if diff := cmp.Diff(want.differences, differences); diff != "" {
			t.Errorf("%q: differences differ (-want +got):\n%s", suffix, diff)
		}
		if diff := cmp.Diff(want.counts, counts); diff != "" {
			t.Errorf("%q: counts differ (-want +got):\n%s", suffix, diff)
		}
	}
	w.silver.Delete(w.silver.Keys()[0])
	missing := []pipeline.Difference{{EventID: id + ".2", Kind: "missing"}}
	differences, _ := w.compareEvent(t, nil, id+".2")
	if diff := cmp.Diff(missing, differences); diff != "" {
		t.Errorf("differences differ (-want +got):\n%s", diff)
	}
}

func TestCompare_SkipsAnEventOfABatchOnTheQueue(t *testing.T) {
	var w world
	w.acceptBatch(t, 1, 2)
	differences, counts := w.compareEvent(t, nil, id+".1")
	want := pipeline.Comparison{Scanned: 1, Skipped: 1}
	if differences != nil || counts != want {
		t.Errorf("got %v, %+v", differences, counts)
	}
}

// Bronze has two events in the same hour. Only the requested event must be counted.
func TestCompare_OfOneEventCountsOnlyThisEvent(t *testing.T) {
	var w world
	w.worker().Process(t.Context(), w.accept(t, body))
	in := w.ingest()
	in.Now = func() time.Time { return now.Add(time.Second) }
	in.NewID = func() (string, error) { return "0199aaaa-0000-7000-8000-000000000002", nil }
	if _, err := in.Accept(t.Context(), request(body)); err != nil {
		t.Fatal(err)
	}
	differences, counts := w.compareEvent(t, nil, id)
	want := pipeline.Comparison{Scanned: 1, Same: 1}
	if differences != nil || counts != want {
		t.Errorf("got %v, %+v", differences, counts)
	}
}
