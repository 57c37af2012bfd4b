package s3

import (
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

func TestExtents_RemoveUnusedSegmentsAndKeepReaders(t *testing.T) {
	dir := t.TempDir()
	x, err := openExtents(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer x.close()
	var stored []extent
	for i := range 6 { // two extents fill a segment
		e, err := x.put([]byte(strings.Repeat(fmt.Sprint(i), segmentSize/2)))
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, e)
	}
	reader := stored[0].read()
	x.release(stored[0])
	if got := segmentFiles(t, dir); got != 3 {
		t.Errorf("%d segments while one extent of each is used, want 3", got)
	}
	x.release(stored[1])
	if got := segmentFiles(t, dir); got != 2 {
		t.Errorf("%d segments after two extents were released, want 2", got)
	}
	data, err := io.ReadAll(reader)
	if err != nil || strings.Count(string(data), "0") != segmentSize/2 {
		t.Errorf("read %d bytes of a released extent, %v", len(data), err)
	}
}

func segmentFiles(t *testing.T, dir string) int {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "bodies-*"))
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}

func TestService_RemovesTheFilesOfDeletedObjects(t *testing.T) {
	dir := t.TempDir()
	for i := range 3 {
		s := newService(t, dir)
		if err := s.CreateBucket("bucket", ""); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			do(t, s, http.MethodPut, "/bucket/key", "body")
		} else if _, _, body := do(t, s, http.MethodGet, "/bucket/key", ""); body != "body" {
			t.Errorf("start %d: got %q", i, body)
		}
		do(t, s, http.MethodPut, "/bucket/deleted", "body")
		do(t, s, http.MethodDelete, "/bucket/deleted", "")
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	s := newService(t, dir)
	defer s.Close()
	if got := segmentFiles(t, dir); got != 1 {
		t.Errorf("%d files of objects, want 1", got)
	}
}
