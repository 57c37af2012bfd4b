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

// ownGroup sets up the command. When the context ends, the command and its children are killed.
func ownGroup(cmd *exec.Cmd) {
	cmd.Cancel = func() error {
		pid := strconv.Itoa(cmd.Process.Pid)
		return exec.Command("taskkill", "/T", "/F", "/PID", pid).Run()
	}
}

// killGroup does nothing, because the taskkill command in ownGroup also kills the children.
func killGroup(*exec.Cmd) {}
