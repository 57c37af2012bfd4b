//go:build !unix

package cdkapp

import (
	"context"
	"os/exec"
	"strconv"
)

func shellCommand(ctx context.Context, command string) *exec.Cmd {
	return exec.CommandContext(ctx, "cmd", "/C", command)
}

// ownGroup configures the command: when the context ends, taskkill kills the command and its
// children.
func ownGroup(cmd *exec.Cmd) {
	cmd.Cancel = func() error {
		pid := strconv.Itoa(cmd.Process.Pid)
		return exec.Command("taskkill", "/T", "/F", "/PID", pid).Run()
	}
}

// killGroup does nothing. If the context ends, taskkill has already killed the children.
func killGroup(*exec.Cmd) {}
