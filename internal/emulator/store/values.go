package store

import (
	"fmt"
	"math/bits"
	"os"
	"sync"
)

// Values keeps values in a temporary file, to save memory. The zero value is ready to use. Values
// is safe for concurrent use. Do not read a value after its deletion.
//
// The file consists of slots. The slot of a deleted value is free for a later value of about the
// same size.
type Values struct {
	mu   sync.Mutex
	file *os.File // nil before the first Put
	end  int64    // offset of the first byte after the last slot
	free map[int64][]int64
}

// Ref identifies a value in Values.
type Ref struct {
	offset int64
	Size   int64 // length of the value in bytes
}

// Put joins the parts and stores them as one value.
func (v *Values) Put(parts ...[]byte) (Ref, error) {
	var length int64
	for _, part := range parts {
		length += int64(len(part))
	}
	at, err := v.allocate(length)
	if err != nil {
		return at, err
	}
	offset := at.offset
	for _, part := range parts {
		if _, err := v.file.WriteAt(part, offset); err != nil {
			v.Delete(at)
			return Ref{}, fmt.Errorf("write to the temporary file: %w", err)
		}
		offset += int64(len(part))
	}
	return at, nil
}

// Get returns a value.
func (v *Values) Get(at Ref) ([]byte, error) {
	value := make([]byte, at.Size)
	if at.Size == 0 {
		return value, nil // ReadAt would fail at the end of the file
	}
	if _, err := v.file.ReadAt(value, at.offset); err != nil {
		return nil, fmt.Errorf("read from the temporary file: %w", err)
	}
	return value, nil
}

// Delete deletes a value.
func (v *Values) Delete(at Ref) {
	v.mu.Lock()
	defer v.mu.Unlock()
	size := slotSize(at.Size)
	v.free[size] = append(v.free[size], at.offset)
}

// Close deletes the temporary file.
func (v *Values) Close() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.file == nil {
		return nil
	}
	err := v.file.Close()
	_ = os.Remove(v.file.Name()) // usually allocate has already removed the name
	return err
}

// allocate returns a free slot for a value.
func (v *Values) allocate(length int64) (Ref, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.file == nil {
		file, err := os.CreateTemp("", "eventpipeline-*.tmp")
		if err != nil {
			return Ref{}, err
		}
		// Remove the name of the open file, so that the file disappears even if the process is
		// killed. On Windows, this fails, and Close removes the name.
		_ = os.Remove(file.Name())
		v.file, v.free = file, map[int64][]int64{}
	}
	size := slotSize(length)
	at := Ref{v.end, length}
	if free := v.free[size]; len(free) > 0 {
		at.offset = free[len(free)-1]
		v.free[size] = free[:len(free)-1]
	} else {
		v.end += size
	}
	return at, nil
}

// slotSize returns the size of the slot for a value. It rounds the length up by at most 64 bytes or
// one eighth, whichever is more, so that later values often fit into free slots.
func slotSize(length int64) int64 {
	step := max(64, int64(1)<<bits.Len64(uint64(length))/16)
	return (length + step - 1) / step * step
}
