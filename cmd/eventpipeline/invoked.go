package main

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// byGo is how the go command is told to run this program, without the program's own arguments.
var byGo = regexp.MustCompile(`^(\S*/)?go (run|tool) [\w./@-]+$`)

// invoked is what begins a command line that runs this program once more, as it was run this time.
var invoked = sync.OnceValue(func() string {
	parent, err := exec.Command("ps", "-ww", "-o", "args=", "-p", strconv.Itoa(os.Getppid())).Output()
	if err != nil {
		return "eventpipeline" // there is no such ps
	}
	return invokedBy(strings.TrimSpace(string(parent)), os.Args[1:])
})

// invokedBy is the same for the parent's command line: it is "eventpipeline" unless that is go's, with our arguments last.
func invokedBy(parent string, args []string) string {
	for _, arg := range slices.Backward(args) {
		rest, ours := strings.CutSuffix(parent, " "+arg)
		if !ours {
			return "eventpipeline"
		}
		parent = rest
	}
	if !byGo.MatchString(parent) {
		return "eventpipeline"
	}
	return parent
}
