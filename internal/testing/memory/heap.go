// Package memory measures the memory that a test uses.
package memory

import "runtime"

// LiveHeap collects garbage and returns the size of the heap in bytes.
func LiveHeap() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}
