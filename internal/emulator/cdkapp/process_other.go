//go:build !unix

package cdkapp

import (
	"context"
	"os/exec"
	"strconv"
)

func shell(ctx context.Context, command string) *exec.Cmd {
	return exec.CommandContext(ctx, "cmd", "/C", command)
}

// ownGroup has the command and all that it started ended when its context ends.
func ownGroup(cmd *exec.Cmd) {
	cmd.Cancel = func() error { return exec.Command("taskkill", "/T", "/F", "/PID", strconv.Itoa(cmd.Process.Pid)).Run() }
}

// killGroup has nothing to do: the command was ended with its children.
func killGroup(*exec.Cmd) {}
