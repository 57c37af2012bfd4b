package main

import (
	"bytes"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// runMain runs a command line.
func runMain(t *testing.T, args ...string) (code int, out, errOut string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(t.Context(), args, strings.NewReader(""), &o, &e)
	return code, o.String(), e.String()
}

func TestRun_ExitsWith2OnUsageErrors(t *testing.T) {
	for _, args := range [][]string{
		{"unknown"}, {"local", "argument"}, {"local", "--unknown"}, {"local", "--api-port", "x"},
		{"local", "--api-port", "70000"}, {"send"},
		{"send", "--api", "a", "--stack", "b", "--count", "1"}, {"status"}, {"record"},
		{"record", "x"}, {"dlq", "unknown"}, {"dlq", "show"}, {"dlq", "list", "argument"},
		{"dlq", "list", "--aws", "a", "--stack", "b"}, {"dlq", "list", "--aws", "127.0.0.1:4566"},
		{"dlq", "list", "--stack", ""}, {"send", "--stack", "", "--count", "1"},
		{"reconcile", "argument"},
	} {
		code, out, errOut := runMain(t, args...)
		if code != exitUsage || out != "" || !strings.HasPrefix(errOut, "Error: ") ||
			!strings.Contains(errOut, "--help' for usage") {
			t.Errorf("%v: exit code %d, printed %q, %q", args, code, out, errOut)
		}
	}
}

func TestRun_NamesFlagsThatCannotBeCombined(t *testing.T) {
	for want, args := range map[string][]string{
		"--aws and --stack":       {"dlq", "list", "--aws", "http://a", "--stack", "b"},
		"--api and --stack":       {"send", "--api", "http://a", "--stack", "b", "--count", "1"},
		"--compare and --dry-run": {"replay", "--type", "demo", "--compare", "--dry-run"},
		"--compare and --rate":    {"replay", "--type", "demo", "--compare", "--rate", "5"},
		"--resume and --event":    {"replay", "--resume", "file", "--event", printedEvent},
		"--resume and --orphans":  {"replay", "--resume", "file", "--orphans"},
	} {
		code, _, errOut := runMain(t, args...)
		if code != exitUsage ||
			!strings.HasPrefix(errOut, "Error: "+want+" can't be combined\n") {
			t.Errorf("%v: exit code %d, printed %q", args, code, errOut)
		}
	}
}

func TestRun_ShowsHelpWithExamples(t *testing.T) {
	for _, args := range [][]string{
		{}, {"--help"}, {"local", "--help"}, {"send", "--help"}, {"status", "--help"},
		{"record", "--help"}, {"dlq"}, {"dlq", "list", "--help"}, {"dlq", "show", "--help"},
		{"dlq", "redrive", "--help"}, {"dlq", "drop", "--help"}, {"replay", "--help"},
		{"reconcile", "--help"}, {"version", "--help"}, {"events", "--help"},
		{"logs", "--help"}, {"resend", "--help"}, {"token", "--help"},
	} {
		code, out, errOut := runMain(t, args...)
		if code != exitOK || errOut != "" || !strings.Contains(out, "Examples:\n  eventpipeline ") {
			t.Errorf("%v: exit code %d, printed %q, %q", args, code, out, errOut)
		}
	}
}

func TestRun_ShowsHelpIn80Columns(t *testing.T) {
	commands := []*cobra.Command{rootCommand()}
	for len(commands) > 0 {
		cmd := commands[0]
		commands = append(commands[1:], cmd.Commands()...)
		path := strings.Fields(cmd.CommandPath())[1:]
		_, out, _ := runMain(t, append(path, "--help")...)
		for line := range strings.Lines(out) {
			if columns := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); columns > 80 {
				t.Errorf("%s: %d columns: %s", cmd.CommandPath(), columns, line)
			}
		}
	}
}

func TestLocal_ExitsWith1AndSuggestsAFlag(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := strconv.Itoa(taken.Addr().(*net.TCPAddr).Port)
	tests := []struct {
		name string
		args []string
		want string
	}{
		{
			"API port in use",
			[]string{"--app", "true", "--aws-port", "0", "--api-port", port},
			"choose another port with --api-port",
		},
		{
			"AWS port in use",
			[]string{"--app", "true", "--api-port", "0", "--aws-port", port},
			"choose another port with --aws-port",
		},
		{"no app", []string{"--api-port", "0", "--aws-port", "0"}, "--app to the command"},
		{
			"the app fails",
			[]string{"--app", "echo no such stage; exit 3", "--api-port", "0", "--aws-port", "0"},
			"exit status 3\n  no such stage\n",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			code, out, errOut := runMain(t, append([]string{"local"}, test.args...)...)
			if code != exitFailure || out != "" || !strings.Contains(errOut, test.want) {
				t.Errorf("exit code %d, printed %q, %q; want %q", code, out, errOut, test.want)
			}
		})
	}
}

func TestLocal_NamesMissingTools(t *testing.T) {
	t.Setenv("PATH", filepath.Join(t.TempDir(), "empty"))
	code, _, errOut := runMain(t, "local", "--app", "app")
	if code != exitFailure || !strings.Contains(errOut, "go is not on the PATH") ||
		!strings.Contains(errOut, "node is not on the PATH") {
		t.Errorf("exit code %d, printed %q", code, errOut)
	}
}
