package cdkapp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// buildApp compiles testdata/app into a new folder, and writes a cdk.json with the given content.
func buildApp(t *testing.T, cdkJSON string) App {
	t.Helper()
	dir := t.TempDir()
	app := filepath.Join(dir, "app.exe")
	out, err := exec.Command("go", "build", "-o", app, "./testdata/app").CombinedOutput()
	if err != nil {
		t.Fatalf("build the app: %v\n%s", err, out)
	}
	if err := os.WriteFile(filepath.Join(dir, "cdk.json"), []byte(cdkJSON), 0o600); err != nil {
		t.Fatal(err)
	}
	return App{
		Dir:      dir,
		Out:      t.TempDir(),
		Account:  "000000000000",
		Region:   "us-east-1",
		Progress: io.Discard,
	}
}

func TestSynthesize_PassesContextAndEnvironment(t *testing.T) {
	app := buildApp(
		t,
		`{"app": "./app.exe", "context": {"stage": "dev", "@aws-cdk/core:flag": true}}`,
	)
	lookedUp := `{"availability-zones": ["a"], "stage": "looked up"}`
	err := os.WriteFile(filepath.Join(app.Dir, "cdk.context.json"), []byte(lookedUp), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	var progress bytes.Buffer
	app.Progress = &progress
	app.Context = map[string]any{"stage": "local"}
	a, err := app.Synthesize(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var template struct {
		Metadata struct {
			Context     map[string]any
			Environment map[string]string
		}
	}
	if err := json.Unmarshal(a.Stacks[0].Template, &template); err != nil {
		t.Fatal(err)
	}
	wantContext := map[string]any{
		"stage":              "local",
		"@aws-cdk/core:flag": true,
		"availability-zones": []any{"a"},
	}
	if got := template.Metadata.Context; !reflect.DeepEqual(got, wantContext) {
		t.Errorf("context %v, want %v", got, wantContext)
	}
	wantEnvironment := map[string]string{
		"account":    "000000000000",
		"region":     "us-east-1",
		"validation": "false",
	}
	if got := template.Metadata.Environment; !reflect.DeepEqual(got, wantEnvironment) {
		t.Errorf("environment %v, want %v", got, wantEnvironment)
	}
	if progress.String() != "synthesizing\n" {
		t.Errorf("progress %q", progress.String())
	}
}

func TestSynthesize_PrefersTheCommandInAppToCdkJSON(t *testing.T) {
	app := buildApp(t, `{"app": "false"}`)
	app.Command = "./app.exe"
	if _, err := app.Synthesize(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestSynthesize_ReturnsTheOutputOfAFailedApp(t *testing.T) {
	for mode, want := range map[string]string{
		"panic": "exit status 2\n  panic: the stack has no name\n",
		"fail":  "exit status 3\n  synthesizing\n  error: no such stage\n",
	} {
		app := buildApp(t, `{"app": "./app.exe"}`)
		app.Context = map[string]any{"mode": mode}
		_, err := app.Synthesize(t.Context())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", mode, err, want)
		}
	}
}

func TestSynthesize_KillsAppAndChildren(t *testing.T) {
	app := buildApp(t, `{"app": "./app.exe; true", "context": {"mode": "hang"}}`)
	lines, progress := io.Pipe()
	app.Progress = progress
	ctx, cancel := context.WithCancelCause(t.Context())
	stopped := errors.New("stopped by the test")
	result := make(chan error, 1)
	go func() {
		_, err := app.Synthesize(ctx)
		_ = progress.Close()
		result <- err
	}()

	output := make([]byte, 1<<10)
	var address string
	for seen := ""; address == ""; {
		n, err := lines.Read(output)
		if err != nil {
			t.Fatalf("the app ended after it printed %q: %v", seen, err)
		}
		seen += string(output[:n])
		if _, after, ok := strings.Cut(seen, "listening on "); ok {
			address = strings.TrimSpace(after)
		}
	}
	cancel(stopped)
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	if err := <-result; !errors.Is(err, stopped) {
		t.Errorf("got %v, want the cause of the context", err)
	}
	if connection, err := net.DialTimeout("tcp", address, time.Second); err == nil {
		_ = connection.Close()
		t.Error("the child process of the app still listens")
	}
}

func TestCheck_NamesEachMissingTool(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	err := App{Dir: t.TempDir(), Command: "./app"}.Check()
	if err == nil {
		t.Fatal("got no error, want the missing tools")
	}
	for _, want := range []string{
		"go is not on the PATH",
		"https://go.dev/dl",
		"node is not on the PATH",
		"https://nodejs.org",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not contain %q", err, want)
		}
	}
}

func TestCheck_RejectsFolderWithoutApp(t *testing.T) {
	dir := t.TempDir()
	if err := (App{Dir: dir}).Check(); !errors.Is(err, ErrNoApp) ||
		!strings.Contains(err.Error(), dir) {
		t.Errorf("got %v", err)
	}
}
