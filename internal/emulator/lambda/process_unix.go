//go:build unix

package lambda

import (
	"os/exec"
	"syscall"
)

// setGroup makes the command start in its own process group. Then killGroup also kills the child
// processes, and a Ctrl-C in the terminal does not reach the command.
func setGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func killGroup(cmd *exec.Cmd) {
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // fails only if the processes have exited
}
