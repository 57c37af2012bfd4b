package format

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"runtime"
	"strings"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// compress returns text as one gzip member.
func compress(t testing.TB, text string) string {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	w.Name = "events.json"
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func gzipHeaders(coding string) map[string]string {
	return map[string]string{"content-type": "application/json", "content-encoding": coding}
}

func TestDecode_DecodesGzip(t *testing.T) {
	for _, coding := range []string{"gzip", "GZIP", "x-gzip"} {
		body := compress(t, `[{"a":1},{}]`)
		got, err := Decoder{MaxBytes: maxBytes}.Decode(gzipHeaders(coding), []byte(body))
		if err != nil || string(got.Data) != `[{"a":1},{}]` || len(got.Events) != 2 {
			t.Errorf("%s: got %+v, %v", coding, got, err)
		}
	}
	largest := strings.Repeat("x", maxBytes)
	body := compress(t, largest)
	got, err := Decoder{MaxBytes: maxBytes}.Decode(gzipHeaders("gzip"), []byte(body))
	if err != nil || string(got.Data) != largest {
		t.Errorf("got %d bytes, %v", len(got.Data), err)
	}
}

// A gzip header makes an incompressible body larger. The limit applies only to the decoded size.
func TestDecode_LimitsOnlyTheDecodedSize(t *testing.T) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, flate.NoCompression)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write(bytes.Repeat([]byte("x"), maxBytes))
	_ = w.Close()
	if out.Len() <= maxBytes {
		t.Fatalf("the body has only %d bytes", out.Len())
	}
	_, err = Decoder{MaxBytes: maxBytes}.Decode(gzipHeaders("gzip"), out.Bytes())
	if err != nil {
		t.Error(err)
	}
}

func TestDecode_RejectsInvalidGzip(t *testing.T) {
	whole := compress(t, `{"eventType":"demo"}`)
	for name, body := range map[string]string{
		"no gzip":          `{"eventType":"demo"}`,
		"magic only":       whole[:2],
		"header only":      whole[:10],
		"truncated":        whole[:len(whole)/2],
		"no checksum":      whole[:len(whole)-8],
		"half a length":    whole[:len(whole)-2],
		"wrong checksum":   whole[:len(whole)-8] + "\x00\x00\x00\x00" + whole[len(whole)-4:],
		"wrong length":     whole[:len(whole)-1] + "\xff",
		"trailing garbage": whole + "x",
		"trailing zeros":   whole + "\x00\x00",
		"two members":      whole + whole,
		"wrong method":     whole[:2] + "\x07" + whole[3:],
		"reserved block":   whole[:22] + "\xff\xff\xff\xff" + whole[26:],
		"deflate":          "\x78\x9c\x03\x00\x00\x00\x00\x01",
	} {
		t.Run(name, func(t *testing.T) {
			wantCode(t, gzipHeaders("gzip"), body, pipeline.InvalidGzip)
		})
	}
	wantCode(t, gzipHeaders("gzip"), compress(t, "[x]"), pipeline.InvalidJSON)
	wantCode(t, gzipHeaders("gzip"), compress(t, "[]"), pipeline.EmptyBatch)
}

func TestDecode_RejectsOtherContentCodings(t *testing.T) {
	for _, coding := range []string{
		"", "identity", "deflate", "br", "zstd", "gzip, gzip", "gzip,identity", " gzip", "gzip;q=1",
	} {
		wantCode(t, gzipHeaders(coding), compress(t, "{}"), pipeline.UnsupportedCoding)
	}
}

// The decoded body has 64 MiB. Decode must stop at its limit.
func TestDecode_RejectsGzipBombInLittleMemory(t *testing.T) {
	bomb := []byte(compress(t, strings.Repeat("\x00", 64<<20)))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	wantCode(t, gzipHeaders("gzip"), string(bomb), pipeline.PayloadTooLarge)
	runtime.ReadMemStats(&after)
	// Growing buffers and the race detector also allocate memory, so the test allows 16 times the
	// limit.
	if got := after.TotalAlloc - before.TotalAlloc; got > 16*maxBytes {
		t.Errorf("Decode allocated %d bytes for a limit of %d", got, maxBytes)
	}
}

// FuzzGzip checks that each error is a client error, and that no decoded body exceeds the limit.
func FuzzGzip(f *testing.F) {
	whole := compress(f, `{"eventType":"demo"}`)
	for _, body := range []string{"", whole, whole + whole, whole[:20], "\x1f\x8b", "x"} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		const limit = 4096
		got, err := Decoder{MaxBytes: limit}.Decode(gzipHeaders("gzip"), body)
		var client *pipeline.Error
		if err != nil {
			if client, _ = err.(*pipeline.Error); client == nil {
				t.Fatalf("got %v, want an error of the client", err)
			}
			return
		}
		if len(got.Data) > limit {
			t.Fatalf("got %d bytes", len(got.Data))
		}
	})
}
