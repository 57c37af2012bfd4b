//go:build unix

package lambda

import (
	"os/exec"
	"syscall"
)

// setGroup starts the process in its own group: its children can be killed with it, and a Ctrl-C in
// the terminal does not reach it.
func setGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func killGroup(cmd *exec.Cmd) {
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // fails only if the processes have exited
}
