//go:build unix

package lambda

import (
	"os/exec"
	"syscall"
)

// ownGroup gives the process a group of its own, so that what it starts can be killed with it and a Ctrl-C in the
// terminal does not reach it.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func killGroup(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) } // gone already is as good
