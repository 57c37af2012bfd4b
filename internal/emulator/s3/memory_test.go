package s3

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/testing/memory"
)

func TestService_TakesLittleMemoryPerVersion(t *testing.T) {
	s := newService(t, "")
	defer s.Close()
	if err := s.CreateBucket("bucket", versioningEnabled); err != nil {
		t.Fatal(err)
	}
	const count, limit = 5000, 140
	body := strings.Repeat("x", 10_000)
	put := func(key string) {
		status, _, _ := do(t, s, http.MethodPut, "/bucket/"+key, body, "X-Amz-Meta-Name", "value")
		if status != http.StatusOK {
			t.Fatal(status)
		}
	}
	put("first")
	for name, key := range map[string]string{
		"objects": "silver/%032s", "old versions": "key%.0s",
	} {
		before := memory.LiveHeap()
		for i := range count {
			put(fmt.Sprintf(key, fmt.Sprint(i)))
		}
		if grown := (memory.LiveHeap() - before) / count; grown > limit {
			t.Errorf("%s take %d bytes of memory each, want at most %d", name, grown, limit)
		}
	}
	runtime.KeepAlive(s)
}

func TestService_TakesLittleMemoryForALargeBody(t *testing.T) {
	s := newService(t, "")
	defer s.Close()
	if err := s.CreateBucket("bucket", ""); err != nil {
		t.Fatal(err)
	}
	const size, limit = 100 << 20, 10 << 20
	before := allocatedBytes()
	r := httptest.NewRequest(http.MethodPut, "/bucket/key", io.LimitReader(zeros{}, size))
	r.ContentLength = size
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Fatal(w.Code, w.Body)
	}
	if got := allocatedBytes() - before; got > limit {
		t.Errorf("a body of %d bytes allocates %d bytes, want at most %d", size, got, limit)
	}
}

// zeros is an endless reader.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// allocatedBytes returns the number of bytes that the process has allocated since its start.
func allocatedBytes() int64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.TotalAlloc)
}

func TestService_ReadsAnObjectThatIsReplacedMeanwhile(t *testing.T) {
	s := newService(t, "")
	defer s.Close()
	if err := s.CreateBucket("bucket", ""); err != nil {
		t.Fatal(err)
	}
	write := func(i int) {
		do(t, s, http.MethodPut, "/bucket/key", strings.Repeat(string(rune('a'+i%7)), 300))
	}
	write(0)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 2000 {
			write(i)
		}
	}()
	for range 2000 {
		status, _, body := do(t, s, http.MethodGet, "/bucket/key", "")
		if status != http.StatusOK || strings.Count(body, body[:1]) != 300 {
			t.Fatalf("status %d, got %s, want one body", status, body)
		}
	}
	<-done
}
