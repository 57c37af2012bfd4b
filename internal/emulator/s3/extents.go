package s3

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// segmentSize is the maximum size, in bytes, of a segment with several extents. A larger extent
// gets its own segment.
const segmentSize = 64 << 20

// extents stores bytes in segment files, so that objects need little memory. It removes a segment
// after its last extent is released, but keeps the newest segment.
//
// The space of a released extent is not reused, because a response can still read it.
type extents struct {
	dir string // "" if the segments are temporary files

	mu       sync.Mutex
	segments map[int]*segment
	newest   int // number of the newest segment
}

// segment represents a file with extents.
type segment struct {
	number int
	file   *os.File
	size   int64 // where the next extent begins
	used   int   // number of extents in use
}

// extent represents a range of bytes in a segment. The zero value is empty.
type extent struct {
	segment      *segment
	offset, size int64
}

func openExtents(dir string) (*extents, error) {
	if dir != "" {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("create the folder of the objects: %w", err)
		}
	}
	return &extents{dir: dir, segments: map[int]*segment{}}, nil
}

// reserve returns a new extent of size bytes. The caller fills it with the method write.
func (x *extents) reserve(size int64) (extent, error) {
	if size == 0 {
		return extent{}, nil
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	s := x.segments[x.newest]
	if s == nil || s.size > 0 && s.size+size > segmentSize {
		if s != nil && s.used == 0 {
			x.remove(s)
		}
		var err error
		if s, err = x.create(); err != nil {
			return extent{}, fmt.Errorf("create a file for objects: %w", err)
		}
	}
	e := extent{s, s.size, size}
	s.size += size
	s.used++
	return e, nil
}

func (x *extents) create() (*segment, error) {
	file, err := x.createFile(x.newest + 1)
	if err != nil {
		return nil, err
	}
	x.newest++
	s := &segment{number: x.newest, file: file}
	x.segments[s.number] = s
	return s, nil
}

func (x *extents) createFile(number int) (*os.File, error) {
	if x.dir != "" {
		return os.OpenFile(x.path(number), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	}
	file, err := os.CreateTemp("", "eventpipeline-s3-")
	if err != nil {
		return nil, err
	}
	// Unix frees the file's space when the file is closed, even if this process is killed. On
	// Windows, Remove fails here, so extents.close removes the file.
	_ = os.Remove(file.Name())
	return file, nil
}

func (x *extents) path(number int) string {
	return filepath.Join(x.dir, fmt.Sprintf("bodies-%06d", number))
}

// put stores data in a new extent.
func (x *extents) put(data []byte) (extent, error) {
	e, err := x.reserve(int64(len(data)))
	if err != nil || len(data) == 0 {
		return e, err
	}
	if _, err := e.write().Write(data); err != nil {
		x.release(e)
		return extent{}, err
	}
	return e, nil
}

// write returns a writer that fills the extent.
func (e extent) write() io.Writer {
	if e.segment == nil {
		return io.Discard
	}
	return io.NewOffsetWriter(e.segment.file, e.offset)
}

// read returns a reader of the extent. The reader works even after the extent is released.
func (e extent) read() *io.SectionReader {
	if e.segment == nil {
		return io.NewSectionReader(strings.NewReader(""), 0, 0)
	}
	return io.NewSectionReader(e.segment.file, e.offset, e.size)
}

// release marks extents as unused.
func (x *extents) release(released ...extent) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, e := range released {
		if e.segment == nil {
			continue
		}
		e.segment.used--
		if e.segment.used == 0 && e.segment.number != x.newest {
			x.remove(e.segment)
		}
	}
}

// remove removes a segment. The garbage collector closes the file after the last response has read
// it. The caller holds x.mu.
func (x *extents) remove(s *segment) {
	delete(x.segments, s.number)
	if x.dir != "" {
		_ = os.Remove(x.path(s.number)) // if this fails, the next start removes the file
	}
}

// extentRecord identifies an extent in stored data.
type extentRecord struct {
	Segment      int
	Offset, Size int64
}

func (e extent) record() extentRecord {
	if e.segment == nil {
		return extentRecord{}
	}
	return extentRecord{e.segment.number, e.offset, e.size}
}

// find returns an extent that is in use.
func (x *extents) find(r extentRecord) extent {
	if r.Size == 0 {
		return extent{}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	return extent{x.segments[r.Segment], r.Offset, r.Size}
}

// compactExtent identifies an extent. It contains no pointer and needs only 12 bytes.
type compactExtent struct{ segment, offset, size uint32 }

// compact returns the compact form of an extent with less than 4 GiB. An offset needs only 32 bits,
// because it is less than segmentSize.
func (e extent) compact() compactExtent {
	r := e.record()
	return compactExtent{uint32(r.Segment), uint32(r.Offset), uint32(r.Size)}
}

func (c compactExtent) record() extentRecord {
	return extentRecord{int(c.segment), int64(c.offset), int64(c.size)}
}

// expand returns the extent whose compact form is c. The extent must be in use.
func (x *extents) expand(c compactExtent) extent { return x.find(c.record()) }

// load returns a stored extent and marks it as used.
func (x *extents) load(r extentRecord) (extent, error) {
	if r.Size == 0 {
		return extent{}, nil
	}
	s := x.segments[r.Segment]
	if s == nil {
		file, err := os.OpenFile(x.path(r.Segment), os.O_RDWR, 0)
		if err != nil {
			return extent{}, err
		}
		s = &segment{number: r.Segment, file: file, size: segmentSize} // no space left
		x.segments[r.Segment] = s
	}
	s.used++
	return extent{s, r.Offset, r.Size}, nil
}

// removeUnused removes the stored segments that load did not use.
func (x *extents) removeUnused() error {
	if x.dir == "" {
		return nil
	}
	files, err := filepath.Glob(filepath.Join(x.dir, "bodies-*"))
	if err != nil {
		return err
	}
	for _, path := range files {
		_, digits, _ := strings.Cut(filepath.Base(path), "-")
		number, err := strconv.Atoi(digits)
		if err != nil {
			continue // not a segment
		}
		x.newest = max(x.newest, number)
		if x.segments[number] == nil {
			if err := os.Remove(path); err != nil {
				return err
			}
		}
	}
	return nil
}

func (x *extents) close() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	var errs []error
	for _, s := range x.segments {
		errs = append(errs, s.file.Close())
		if x.dir == "" {
			_ = os.Remove(s.file.Name()) // has already happened, except on Windows
		}
	}
	return errors.Join(errs...)
}
