package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

var (
	shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")
	// What follows a command line's words: a comment, another command, a redirection.
	wordsEnd = regexp.MustCompile(`\s+(#|\||[0-9]?>).*$`)
)

func TestDocs_EveryCommandLineIsOneThatIsTaken(t *testing.T) {
	for _, file := range []string{"../../README.md", "../../docs/runbooks.md", "../../docs/faults.md", "../../docs/architecture.md", "../../docs/first-app.md", "../../examples/own-processor/README.md"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		checked := 0
		for _, block := range shellBlock.FindAllSubmatch(text, -1) {
			for line := range strings.Lines(string(block[1])) {
				line = strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(line), "go run ./cmd/"), "go tool ")
				if words, ok := strings.CutPrefix(line, "eventpipeline "); ok {
					checked++
					checkCommandLine(t, file, strings.Fields(wordsEnd.ReplaceAllString(words, "")))
				}
			}
		}
		if checked == 0 {
			t.Errorf("%s has no command lines", file)
		}
	}
}

// checkCommandLine does what cobra does before it runs a command.
func checkCommandLine(t *testing.T, file string, words []string) {
	t.Helper()
	root := rootCommand()
	cmd, words, err := root.Find(words)
	if err == nil {
		err = cmd.ParseFlags(words)
	}
	if err == nil {
		err = cmd.ValidateArgs(cmd.Flags().Args())
	}
	if err == nil {
		err = checkExclusive(cmd)
	}
	if err != nil || !cmd.Runnable() {
		t.Errorf("%s: eventpipeline %s %s: %v", file, cmd.Name(), strings.Join(words, " "), err)
	}
}
