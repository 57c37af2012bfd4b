package function

import (
	"os"
	"runtime/debug"
	"strconv"
)

const (
	// gcPercent delays each garbage collection until the heap is five times as large as the live
	// data. A function has little live data, so Go's default would collect too often.
	gcPercent = 400
	// heapPercent sets the soft memory limit of the Go runtime, as a percentage of the function's
	// memory. Near this limit, the garbage collector runs more often.
	heapPercent = 75
)

// tuneMemory lets the heap use more of the function's memory, so that garbage collection takes less
// time. The environment variables GOGC and GOMEMLIMIT take precedence.
func tuneMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	megabytes, err := strconv.ParseInt(os.Getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"), 10, 64)
	if os.Getenv("GOMEMLIMIT") == "" && err == nil {
		debug.SetMemoryLimit(megabytes << 20 / 100 * heapPercent)
	}
}
