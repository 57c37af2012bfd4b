package main

import (
	"context"
	"os"
	"strings"
	"time"
)

// stopWithGoRun calls stop when `go run`, if that started this process, is gone: it passes a terminal's Ctrl-C on, but a
// signal that ends `go run` itself would leave the platform running unseen, with its ports taken.
func stopWithGoRun(ctx context.Context, stop func()) {
	executable, err := os.Executable()
	if err != nil || !strings.Contains(executable, "go-build") {
		return // not in the build cache, where `go run` puts its programs
	}
	parent := os.Getppid()
	go func() {
		ticker := time.NewTicker(500 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				if os.Getppid() != parent {
					stop()
					return
				}
			}
		}
	}()
}
