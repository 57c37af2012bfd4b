package handler

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"net/http"
	"runtime"
	"strings"
	"testing"
)

// largestPayload is the greatest value of the prop MaxPayloadBytes.
const largestPayload = 2 << 20

// gzipEvent returns the event of a request with Content-Encoding: gzip.
func gzipEvent(t *testing.T, contentType, body string) map[string]any {
	t.Helper()
	var compressed bytes.Buffer
	w := gzip.NewWriter(&compressed)
	if _, err := w.Write([]byte(body)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	event := httpEvent("POST", "/events", base64.StdEncoding.EncodeToString(compressed.Bytes()))
	event["isBase64Encoded"] = true
	event["headers"] = map[string]string{"content-type": contentType, "content-encoding": "gzip"}
	return event
}

// The largest requests must allocate far less than 512 MiB, the memory of the API function.
func TestAPI_NeedsLittleMemoryForTheLargestRequests(t *testing.T) {
	start := `{"eventType":"demo","a":"`
	padded := func(fill string) string {
		return start + strings.Repeat(fill, (largestPayload-len(start)-2)/len(fill)) + `"}`
	}
	arrays := `{"eventType":"demo","a":[` +
		strings.Repeat("[],", (largestPayload-40)/len("[],")) + "[]]}"
	members := `{"eventType":"demo","a":[` +
		strings.Repeat(`{"a":0},`, (largestPayload-40)/len(`{"a":0},`)) + "{}]}"
	element := start + strings.Repeat("x", 2000) + `"}`
	ce := `{"specversion":"1.0","id":"1","source":"/s","type":"demo","data":"` +
		strings.Repeat("x", 2000) + `"}`
	list := func(event string) string { return strings.Repeat(event+",", 999) + event }
	for name, c := range map[string]struct {
		contentType, body string
		status            int
	}{
		"a long string":  {"application/json", padded("x"), http.StatusAccepted},
		"escapes":        {"application/json", padded(`\u00e9`), http.StatusAccepted},
		"1,000 elements": {"application/json", "[" + list(element) + "]", http.StatusAccepted},
		"1,000 lines": {
			"application/x-ndjson", strings.Repeat(element+"\n", 1000), http.StatusAccepted,
		},
		"1,000 CloudEvents": {
			"application/cloudevents-batch+json", "[" + list(ce) + "]", http.StatusAccepted,
		},
		"many arrays":           {"application/json", arrays, http.StatusAccepted},
		"many objects":          {"application/json", members, http.StatusAccepted},
		"a bomb":                {"application/json", strings.Repeat(" ", 64<<20), 413},
		"a list that is a bomb": {"application/x-ndjson", strings.Repeat("{}\n", 20<<20), 413},
		"too many lines":        {"application/x-ndjson", strings.Repeat("1\n", 1<<20), 413},
		"too many elements": {
			"application/json", "[" + strings.Repeat("1,", 1<<20-1) + "1]", 413,
		},
	} {
		var w world
		api := w.api()
		api.Ingest.MaxPayloadBytes = largestPayload
		event := gzipEvent(t, c.contentType, c.body)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		resp := invoke(t, api, event)
		runtime.ReadMemStats(&after)
		allocated := (after.TotalAlloc - before.TotalAlloc) >> 20
		t.Logf("%s: %d MiB", name, allocated)
		if resp.StatusCode != c.status || allocated > 100 {
			t.Errorf("%s: %d, %d MiB allocated; want %d and at most 100 MiB",
				name, resp.StatusCode, allocated, c.status)
		}
	}
}
