package handler

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"pgregory.net/rapid"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/testing/badinput"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/testing/inmem"
)

// Bronze stores the exact bytes of each JSON payload. Silver stores the payload as compact JSON on
// one line.
func TestAPI_StoresAnyPayloadUnchanged(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		body := badinput.Event(rt)
		event := httpEvent("POST", "/events", body)
		if rapid.Bool().Draw(rt, "base64") {
			event["body"] = base64.StdEncoding.EncodeToString([]byte(body))
			event["isBase64Encoded"] = true
		}
		w, api := badInputWorld()
		if resp := invoke(t, api, event); resp.StatusCode != http.StatusAccepted {
			rt.Fatalf("%q: %+v", body, resp)
		}
		got, err := w.bronze.Get(t.Context(), w.bronze.Keys()[0])
		if err != nil || string(got) != body {
			rt.Fatalf("Bronze holds %q, %v; want %q", got, err, body)
		}

		var silver inmem.Bucket
		worker := w.worker()
		worker.Worker.Silver = &silver
		sent := messageOf(t, w.queue.Sent()[0])
		_, err = worker.Invoke(t.Context(),
			fmt.Appendf(nil, `{"Records":[%s]}`, sqsRecord("m", sent, 1)))
		if err != nil {
			rt.Fatal(err)
		}
		line, err := silver.Get(t.Context(), silver.Keys()[0])
		if err != nil {
			rt.Fatal(err)
		}
		var stored struct{ Payload json.RawMessage }
		if err := json.Unmarshal(line, &stored); err != nil {
			rt.Fatal(err)
		}
		var compact bytes.Buffer
		err = json.Compact(&compact, []byte(body))
		if err != nil || !bytes.Equal(stored.Payload, compact.Bytes()) ||
			bytes.Count(line, []byte("\n")) != 1 {
			rt.Fatalf("Silver holds %q, %v; want %q", line, err, compact.Bytes())
		}
	})
}
