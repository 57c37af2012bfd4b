package main

import (
	"context"
	"os"
	"runtime/debug"
	"strings"
	"time"
)

// commandName begins each command line that the program suggests. main sets it.
var commandName = "eventpipeline"

// suggestCommand returns a command line to paste. It skips empty words.
func suggestCommand(words ...string) string {
	line := commandName
	for _, word := range words {
		if word != "" {
			line += " " + word
		}
	}
	return line
}

// invocation returns how the user started this program.
func invocation() string {
	executable, _ := os.Executable()
	info, _ := debug.ReadBuildInfo()
	return invocationOf(os.Args[0], executable, info)
}

// invocationOf returns `go run` in this repository, `go tool` in a module that requires it, and
// otherwise the program's name as the shell knows it.
func invocationOf(name, executable string, info *debug.BuildInfo) string {
	switch {
	case info == nil || !builtToRun(executable):
		return name
	case info.Main.Version != "(devel)":
		return "go tool eventpipeline"
	}
	if _, err := os.Stat("cmd/eventpipeline"); err == nil {
		return "go run ./cmd/eventpipeline"
	}
	return "go run " + info.Path
}

// builtToRun reports whether `go run` or `go tool` built and started the executable: they put it
// into a folder of their own.
func builtToRun(executable string) bool { return strings.Contains(executable, "go-build") }

// stopWithGoCommand calls stop when the go command that started this process ends. A signal that
// ends `go run` does not reach this process, which would keep running unseen, with its ports taken.
func stopWithGoCommand(ctx context.Context, stop func()) {
	if executable, err := os.Executable(); err != nil || !builtToRun(executable) {
		return
	}
	parent := os.Getppid()
	go func() {
		ticker := time.NewTicker(500 * time.Millisecond)
		defer ticker.Stop()
		for os.Getppid() == parent {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
		}
		stop()
	}()
}
