//go:build unix

package lambda

import (
	"os/exec"
	"syscall"
)

// setGroup makes the command start in its own process group. So killGroup also kills child
// processes, and Ctrl-C in the terminal does not reach the command.
func setGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func killGroup(cmd *exec.Cmd) {
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // fails only if the processes have exited
}
