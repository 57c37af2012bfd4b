package main

import (
	"context"
	"os"
	"runtime/debug"
	"strings"
	"time"
)

// commandName is the start of each suggested command line. main sets it.
var commandName = "eventpipeline"

// suggestCommand returns a command line that the user can paste. It skips empty words.
func suggestCommand(words ...string) string {
	line := commandName
	for _, word := range words {
		if word != "" {
			line += " " + word
		}
	}
	return line
}

// invocation returns the command with which the user started this program.
func invocation() string {
	executable, _ := os.Executable()
	info, _ := debug.ReadBuildInfo()
	return invocationOf(os.Args[0], executable, info)
}

// invocationOf returns the command that starts the program:
//   - `go run` in this repository
//   - `go tool` in a module that depends on this repository
//   - otherwise, the name that the user typed
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

// builtToRun reports whether `go run` or `go tool` built and started the executable. Both commands
// write the executable to a path that contains go-build.
func builtToRun(executable string) bool { return strings.Contains(executable, "go-build") }

// stopWithGoCommand calls stop when the go command that started this process ends. Some signals end
// only the go command. Without stop, this process would keep its ports.
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
