package cdkapp

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
)

// testApp compiles testdata/app, and returns the path of the executable file.
var testApp = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "cdkapp-test-")
	if err != nil {
		return "", err
	}
	app := filepath.Join(dir, "app.exe")
	out, err := exec.Command("go", "build", "-o", app, "./testdata/app").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build the app: %w\n%s", err, out)
	}
	return app, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if app, err := testApp(); err == nil {
		_ = os.RemoveAll(filepath.Dir(app))
	}
	os.Exit(code)
}

// newApp creates a folder. The folder contains a link to the compiled testdata/app, and a cdk.json
// with the given content.
func newApp(t *testing.T, cdkJSON string) App {
	t.Helper()
	app, err := testApp()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(app, filepath.Join(dir, "app.exe")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "cdk.json"), []byte(cdkJSON), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOME", t.TempDir())
	return App{
		Dir:      dir,
		Out:      filepath.Join(t.TempDir(), "cdk.out"),
		Account:  "000000000000",
		Region:   "us-east-1",
		Progress: io.Discard,
	}
}

func TestSynthesize_PassesContextAndEnvironment(t *testing.T) {
	app := newApp(
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
	got, environment := synthesize(t, app)
	want := map[string]any{
		"stage":              "local",
		"@aws-cdk/core:flag": true,
		"availability-zones": []any{"a"},
		"availability-zones:account=000000000000:region=us-east-1": []any{
			"us-east-1a", "us-east-1b", "us-east-1c",
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("context %v, want %v", got, want)
	}
	wantEnvironment := map[string]string{
		"account":    "000000000000",
		"region":     "us-east-1",
		"validation": "false",
	}
	if !reflect.DeepEqual(environment, wantEnvironment) {
		t.Errorf("environment %v, want %v", environment, wantEnvironment)
	}
	if !strings.HasSuffix(progress.String(), "synthesizing\n") { // after a warning about Node.js
		t.Errorf("progress %q", progress.String())
	}
}

// synthesize synthesizes the app, and returns the context and the environment that the app got.
func synthesize(t *testing.T, app App) (values map[string]any, environment map[string]string) {
	t.Helper()
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
	return template.Metadata.Context, template.Metadata.Environment
}

func TestSynthesize_ReadsACloudAssembly(t *testing.T) {
	stages, err := filepath.Abs("testdata/stages")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOME", t.TempDir())
	t.Setenv("PATH", "") // Go and Node.js are not needed
	dir := t.TempDir()
	writeJSON(t, filepath.Join(dir, "cdk.json"), map[string]any{"app": stages})
	for name, app := range map[string]App{
		"path": {Command: stages}, "relative path": {Dir: "testdata", Command: "stages"},
		"cdk.json": {Dir: dir},
	} {
		assembly, err := app.Synthesize(t.Context())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if assembly.Dir != stages || len(assembly.Stacks) != 3 {
			t.Errorf("%s: got %d stacks in %s", name, len(assembly.Stacks), assembly.Dir)
		}
		if folder, err := app.Assembly(); err != nil || folder == "" {
			t.Errorf("%s: got the folder %q, %v", name, folder, err)
		}
	}
}

// The system limits an environment variable to 128 KiB on Linux, and the environment to 32 KiB on
// Windows.
func TestSynthesize_PassesContextThatDoesNotFitInTheEnvironment(t *testing.T) {
	app := newApp(t, `{"app": "./app.exe", "context": {"stage": "dev"}}`)
	for name, size := range map[string]int{"fits": 100, "too large": 131_072, "huge": 4 << 20} {
		want := map[string]any{"stage": "dev"}
		for i := range 4 {
			want[fmt.Sprintf("vpc-%d", i)] = strings.Repeat("ü", size/8)
		}
		writeJSON(t, filepath.Join(app.Dir, "cdk.context.json"), want)
		got, _ := synthesize(t, app)
		delete(got, "availability-zones:account=000000000000:region=us-east-1")
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: the app got another context", name)
		}
	}
}

func TestSplitContext_FillsTheSpaceWithShortValues(t *testing.T) {
	values := map[string]any{"b": 1, "long": "abcdefgh", "a": 2} // 7, 19 and 7 bytes of JSON
	for space, want := range map[int]int{-1: 0, 6: 0, 7: 1, 14: 2, 32: 2, 33: 3} {
		fits, rest, err := splitContext(values, space)
		if err != nil || len(fits) != want || len(fits)+len(rest) != len(values) {
			t.Errorf("space %d: %v fit, %v do not fit, %v", space, fits, rest, err)
		}
	}
}

func writeJSON(t *testing.T, file string, content any) {
	t.Helper()
	text, err := json.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestSynthesize_ReadsFilesThatBeginWithAByteOrderMark(t *testing.T) {
	app := newApp(t, "\ufeff"+`{"app": "./app.exe", "context": {"a": "cdk.json"},
		"APP": "false", "Context": {"a": "another name"}}`)
	home, err := os.UserHomeDir()
	if err != nil {
		t.Fatal(err)
	}
	for file, content := range map[string]string{
		filepath.Join(app.Dir, "cdk.context.json"): `{"a": 1, "b": "cdk.context.json"}`,
		filepath.Join(home, ".cdk.json"):           `{"context": {"a": 1, "b": 1, "c": "home"}}`,
	} {
		if err := os.WriteFile(file, []byte("\ufeff"+content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, _ := synthesize(t, app)
	if got["a"] != "cdk.json" || got["b"] != "cdk.context.json" || got["c"] != "home" {
		t.Errorf("context %v", got)
	}
}

func TestSynthesize_PrefersTheCommandInAppToCdkJSON(t *testing.T) {
	app := newApp(t, `{"app": "false"}`)
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
		app := newApp(t, `{"app": "./app.exe"}`)
		app.Context = map[string]any{"mode": mode}
		_, err := app.Synthesize(t.Context())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", mode, err, want)
		}
	}
}

func TestSynthesize_KillsAppAndChildren(t *testing.T) {
	app := newApp(t, `{"app": "./app.exe; true", "context": {"mode": "hang"}}`)
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

	var address string
	printed := bufio.NewReader(lines)
	for address == "" {
		line, err := printed.ReadString('\n')
		if err != nil {
			t.Fatalf("the app ended after it printed %q: %v", line, err)
		}
		_, address, _ = strings.Cut(strings.TrimSpace(line), "listening on ")
	}
	cancel(stopped)
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	if err := <-result; !errors.Is(err, stopped) {
		t.Errorf("got %v, want the cause of the context", err)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(app.Out), "*", "jsii-kernel"))
	if err != nil || len(left) > 0 {
		t.Errorf("the interrupted app left %v, %v", left, err)
	}
	// A killed process may need some time to end. Without the kill, it would listen for a minute.
	deadline := time.Now().Add(20 * time.Second)
	for isListening(address) {
		if time.Now().After(deadline) {
			t.Fatal("the child process of the app still listens")
		}
		time.Sleep(10 * time.Millisecond) // poll: only a parent process can wait for an exit
	}
}

func isListening(address string) bool {
	connection, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return false
	}
	_ = connection.Close()
	return true
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
