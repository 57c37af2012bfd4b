package s3

import (
	"bytes"
	"fmt"
	"runtime"
	"testing"

	"github.com/johannesboyne/gofakes3"
)

func TestBackend_TakesLittleMemoryPerVersion(t *testing.T) {
	s, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.CreateBucket("bucket", true); err != nil {
		t.Fatal(err)
	}
	const count, limit = 5000, 400
	body := bytes.Repeat([]byte("x"), 10_000)
	headers := map[string]string{"Content-Type": "application/json"}
	put := func(key string) {
		_, err := s.objects.PutObject(
			"bucket", key, headers, bytes.NewReader(body), int64(len(body)), nil)
		if err != nil {
			t.Fatal(err)
		}
	}
	put("first")
	for name, key := range map[string]string{"objects": "silver/%032d", "old versions": "key"} {
		before := heap()
		for i := range count {
			if name == "objects" {
				put(fmt.Sprintf(key, i))
			} else {
				put(key)
			}
		}
		if grown := (heap() - before) / count; grown > limit {
			t.Errorf("%s take %d bytes of memory each, want at most %d", name, grown, limit)
		}
	}
	runtime.KeepAlive(s)
}

// heap returns the bytes of the live heap.
func heap() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

func TestBackend_ReadsAnObjectThatIsReplacedMeanwhile(t *testing.T) {
	s, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.CreateBucket("bucket", false); err != nil {
		t.Fatal(err)
	}
	write := func(i int) {
		body := bytes.Repeat([]byte{byte('a' + i%7)}, 300)
		_, err := s.objects.PutObject("bucket", "key", nil, bytes.NewReader(body), 300, nil)
		if err != nil {
			t.Error(err)
		}
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
		object, err := s.objects.GetObject("bucket", "key", nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := gofakes3.ReadAll(object.Contents, object.Size)
		if err != nil || bytes.Count(body, body[:1]) != 300 {
			t.Fatalf("got %s, %v, want one body", body, err)
		}
	}
	<-done
}
