package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")
	// wordsEnd matches the text after a command's arguments: a comment, a pipe to another command,
	// or a redirection.
	wordsEnd = regexp.MustCompile(`\s+(#|\||[0-9]?>).*$`)
)

func TestDocs_CommandLinesAreValid(t *testing.T) {
	var files []string
	for _, pattern := range []string{"../../*.md", "../../docs/*.md", "../../examples/*/*.md"} {
		matches, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, matches...)
	}
	checked := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range shellBlock.FindAllSubmatch(text, -1) {
			for line := range strings.Lines(string(block[1])) {
				line = strings.TrimPrefix(strings.TrimSpace(line), "go run ./cmd/")
				line = strings.TrimPrefix(line, "go tool ")
				if words, ok := strings.CutPrefix(line, "eventpipeline "); ok {
					checked++
					checkCommandLine(t, file, strings.Fields(wordsEnd.ReplaceAllString(words, "")))
				}
			}
		}
	}
	if checked < 40 {
		t.Errorf("found only %d command lines", checked)
	}
}

// checkCommandLine checks a command line of a document, as cobra does before it runs the command.
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
