package main

import (
	"strings"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

func TestRecord_PrintsTheSilverObject(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	id := d.accept(t, `{"eventType":"demo","text":"a <b>"}`)[0]
	d.process(t)
	stored, err := d.SilverBucket().
		Get(t.Context(), d.wantStatus(t, id, pipeline.Processed).Silver.Key)
	if err != nil {
		t.Fatal(err)
	}
	code, out, errOut := d.run(t, "record", id)
	if code != exitOK || out != string(stored) || errOut != "" ||
		!strings.HasSuffix(out, `"payload":{"eventType":"demo","text":"a <b>"}}`+"\n") {
		t.Errorf("exit code %d, printed %q, %q; Silver holds %q", code, out, errOut, stored)
	}
}

func TestRecord_PrintsThePayloadByteForByte(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	body := "{\"eventType\" : \"demo\",\r\n \"text\":\"h\u00e9 <&>\"}"
	id := d.accept(t, body)[0] // stored in Bronze, but not processed yet
	code, out, errOut := d.run(t, "record", "--bronze", id)
	if code != exitOK || out != body || errOut != "" {
		t.Errorf("exit code %d, printed %q, %q", code, out, errOut)
	}
}

func TestRecord_SuggestsACommandIfThereIsNoRecord(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	failed := d.accept(t, poison)[0]
	d.process(t)
	enqueued := d.accept(t, `{"eventType":"demo"}`)[0]
	unknown := "019aaf3e-6f0b-7cc2-9c49-d7e4b3a1a001"
	for id, want := range map[string]string{
		failed:   "eventpipeline dlq show --aws " + d.url + " " + failed + "\n",
		enqueued: "eventpipeline status --aws " + d.url + " " + enqueued + "\n",
		unknown:  "there is no event " + unknown + " in stack local",
	} {
		code, out, errOut := d.run(t, "record", id)
		if code != exitFailure || out != "" || !strings.Contains(errOut, want) {
			t.Errorf("exit code %d, printed %q, %q; want %q", code, out, errOut, want)
		}
	}
}

func TestRecord_FailsIfTheObjectIsMissing(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	id := d.accept(t, `{"eventType":"demo"}`)[0]
	d.process(t)
	key := d.wantStatus(t, id, pipeline.Processed).Silver.Key
	d.deleteObject(t, pipeline.Location{Bucket: d.Silver, Key: key})
	code, out, errOut := d.run(t, "record", id)
	if code != exitFailure || out != "" ||
		!strings.Contains(errOut, "is missing: there is no object s3://silver/"+key) {
		t.Errorf("exit code %d, printed %q, %q", code, out, errOut)
	}
}
