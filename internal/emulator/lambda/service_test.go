//go:build unix

package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// dir is the folder of the bootstrap that TestMain builds from testdata/bootstrap.
var dir string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if dir, err = os.MkdirTemp("", "bootstrap-"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		build := exec.Command("go", "build", "-o", filepath.Join(dir, "bootstrap"),
			"./testdata/bootstrap")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "%v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

// functionLog records the lines that functions print.
type functionLog struct {
	mu    sync.Mutex
	lines []string
	more  chan struct{}
}

func (l *functionLog) add(_ LogSource, line []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, string(line))
	select {
	case l.more <- struct{}{}:
	default:
	}
}

// wait waits until there are at least n lines and returns all lines.
func (l *functionLog) wait(t *testing.T, n int) []string {
	t.Helper()
	for {
		l.mu.Lock()
		lines := slices.Clone(l.lines)
		l.mu.Unlock()
		if len(lines) >= n {
			return lines
		}
		select {
		case <-l.more:
		case <-time.After(time.Minute):
			t.Fatalf("got only %d lines: %v", len(lines), lines)
		}
	}
}

// startService starts a service with the function "fn". The parameter change, if not nil, modifies
// the settings of the service and of the function.
func startService(t testing.TB, change func(*Config, *Function)) (*Service, *functionLog) {
	t.Helper()
	log := &functionLog{more: make(chan struct{}, 1)}
	server := httptest.NewUnstartedServer(nil)
	config := Config{
		Endpoint: "http://" + server.Listener.Addr().String(),
		Region:   "us-east-1", Account: "000000000000", MaxSandboxes: 4, Logs: log.add,
		RetryDelay: time.Millisecond,
	}
	function := Function{Name: "fn", Dir: dir, MemoryMB: 256, Timeout: time.Minute}
	if change != nil {
		change(&config, &function)
	}
	service := New(config)
	server.Config.Handler = service
	server.Start()
	t.Cleanup(server.Close)
	t.Cleanup(func() {
		if err := service.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := service.CreateFunction(function); err != nil {
		t.Fatal(err)
	}
	return service, log
}

func invoke(t testing.TB, s *Service, payload string) Result {
	t.Helper()
	result, err := s.Invoke(context.Background(), "fn", []byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func pid(t testing.TB, s *Service) string {
	t.Helper()
	return string(invoke(t, s, `{"Do":"pid"}`).Payload)
}

func expectExit(t *testing.T, pid string) {
	t.Helper()
	n, err := strconv.Atoi(pid)
	if err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(time.Minute)
	for isRunning(n) {
		if time.Now().After(deadline) {
			t.Fatalf("process %d is still running", n)
		}
		time.Sleep(time.Millisecond) // poll: only a parent process can wait for an exit
	}
}

// isRunning reports whether the process runs. A zombie does not run.
func isRunning(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || !strings.Contains(string(stat), ") Z ")
}

func TestInvoke_ReturnsTheResponse(t *testing.T) {
	s, _ := startService(t, nil)
	for _, name := range []string{
		"fn", "arn:aws:lambda:us-east-1:000000000000:function:fn",
		"000000000000:function:fn", "fn:$LATEST",
	} {
		result, err := s.Invoke(t.Context(), name, []byte(`{"Do":"echo","Text":"hällo"}`))
		if err != nil || string(result.Payload) != `"hällo"` || result.FunctionError != "" ||
			result.RequestID == "" {
			t.Errorf("%s: got %+v, %v", name, result, err)
		}
	}
}

func TestInvoke_PassesTheLambdaContext(t *testing.T) {
	s, _ := startService(t, func(_ *Config, f *Function) { f.Timeout = 5 * time.Minute })
	result := invoke(t, s, `{"Do":"context"}`)
	var got struct {
		RequestID, ARN, Trace string
		Left                  int
	}
	if err := json.Unmarshal(result.Payload, &got); err != nil {
		t.Fatal(err)
	}
	if got.RequestID != result.RequestID ||
		got.ARN != "arn:aws:lambda:us-east-1:000000000000:function:fn" ||
		!strings.HasPrefix(got.Trace, "Root=1-") {
		t.Errorf("context = %+v", got)
	}
	if got.Left < 4*60*1000 || got.Left > 5*60*1000 {
		t.Errorf("the remaining time is %d ms", got.Left)
	}
}

func TestInvoke_ReusesTheWarmSandbox(t *testing.T) {
	s, _ := startService(t, nil)
	first := pid(t, s)
	for range 5 {
		if got := pid(t, s); got != first {
			t.Errorf("process %s, want %s again", got, first)
		}
	}
}

func TestInvoke_RunsSandboxesConcurrentlyUpToTheLimit(t *testing.T) {
	s, log := startService(t, func(c *Config, f *Function) {
		c.MaxSandboxes, f.Timeout = 2, 20*time.Second
	})
	ctx, cancel := context.WithCancel(t.Context())
	for range 2 {
		go s.Invoke(ctx, "fn", []byte(`{"Do":"hang"}`))
	}
	if pids := log.wait(t, 2); pids[0] == pids[1] {
		t.Error("two invocations in one sandbox")
	}
	short, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	_, err := s.Invoke(short, "fn", []byte(`{"Do":"pid"}`))
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a third invocation ran: %v", err)
	}
	s.mu.Lock()
	if n := len(s.sandboxes); n != 2 {
		t.Errorf("%d sandboxes", n)
	}
	s.mu.Unlock()
	cancel()
}

func TestInvoke_KillsTheSandboxAtTheTimeout(t *testing.T) {
	s, log := startService(t, func(_ *Config, f *Function) { f.Timeout = 300 * time.Millisecond })
	for _, do := range []string{"hang", "fork"} {
		before := len(log.wait(t, 0))
		result := invoke(t, s, `{"Do":"`+do+`"}`)
		want := fmt.Sprintf(`{"errorMessage":"RequestId: %s Error: `+
			`Task timed out after 0.30 seconds","errorType":"Sandbox.Timedout"}`, result.RequestID)
		if string(result.Payload) != want || result.FunctionError != "Unhandled" {
			t.Errorf("%s: got %s %q, want %s", do, result.Payload, result.FunctionError, want)
		}
		lines := log.wait(t, before+2)[before:]
		expectExit(t, lines[0])
		for _, part := range []string{`"type":"platform.report"`, `"status":"timeout"`,
			"timed out after 0.30 seconds", result.RequestID} {
			if !strings.Contains(lines[1], part) {
				t.Errorf("the log line %s has no %s", lines[1], part)
			}
		}
	}
	if result := invoke(t, s, `{"Do":"echo","Text":"again"}`); string(result.Payload) != `"again"` {
		t.Errorf("the next invocation got %s", result.Payload)
	}
}

func TestInvoke_ReportsFunctionErrors(t *testing.T) {
	s, _ := startService(t, nil)
	for payload, want := range map[string]string{
		`{"Do":"error","Text":"out of luck"}`: `"errorMessage":"out of luck"`,
		`{"Do":"panic","Text":"boom"}`:        `"errorMessage":"boom"`,
		`{"Do":"exit","N":7}`:                 `exit status 7","errorType":"Runtime.ExitError"`,
		`{"Do":"big","N":7000000}`:            `"errorType":"Function.ResponseSizeTooLarge"`,
	} {
		result := invoke(t, s, payload)
		if result.FunctionError != "Unhandled" || !strings.Contains(string(result.Payload), want) {
			t.Errorf("%s: got %.200s %q, want %s", payload, result.Payload, result.FunctionError,
				want)
		}
		if got := invoke(t, s, `{"Do":"echo","Text":"again"}`); string(got.Payload) != `"again"` {
			t.Errorf("after %s the next invocation got %s", payload, got.Payload)
		}
	}
}

func TestInvoke_ReportsAFailedInit(t *testing.T) {
	s, log := startService(t, func(_ *Config, f *Function) {
		f.Environment = map[string]string{"FAIL_INIT": "1"}
	})
	result := invoke(t, s, `{}`)
	if result.FunctionError != "Unhandled" ||
		!strings.Contains(string(result.Payload), "exit status 3") {
		t.Errorf("got %s %q", result.Payload, result.FunctionError)
	}
	if got := log.wait(t, 1); got[0] != "no configuration" {
		t.Errorf("logged %v", got)
	}
	if err := s.CreateFunction(Function{Name: "missing", Dir: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Invoke(t.Context(), "missing", nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a bootstrap: %v", err)
	}
}

func TestInvoke_ForwardsStdoutAndStderr(t *testing.T) {
	s, log := startService(t, nil)
	invoke(t, s, `{"Do":"log","Text":"one\ntwo"}`)
	got := log.wait(t, 5)
	if end := got[4]; !strings.Contains(end, `"errorType":"Runtime.ExitError"`) {
		t.Errorf("the last line is %s", end)
	}
	got = got[:4]
	slices.Sort(got)
	if want := []string{"no newline", "one", "stderr", "two"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestInvoke_HidesTheDevelopersEnvironment(t *testing.T) {
	t.Setenv("AWS_PROFILE", "production")
	t.Setenv("HTTP_PROXY", "http://proxy")
	s, _ := startService(t, func(_ *Config, f *Function) {
		f.Environment = map[string]string{"TABLE": "events"}
	})
	got := string(invoke(t, s, `{"Do":"env"}`).Payload)
	for _, leaked := range []string{"AWS_PROFILE", "HTTP_PROXY", "HOME="} {
		if strings.Contains(got, leaked) {
			t.Errorf("%s is in %s", leaked, got)
		}
	}
	for _, want := range []string{
		`"TABLE=events"`, `"AWS_ENDPOINT_URL=` + s.config.Endpoint + `"`,
		`"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256"`, `"AWS_REGION=us-east-1"`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is not in %s", want, got)
		}
	}
}

func TestInvoke_RejectsLargePayloadsAndUnknownFunctions(t *testing.T) {
	s, _ := startService(t, nil)
	var tooLarge *TooLargeError
	_, err := s.Invoke(t.Context(), "fn", make([]byte, maxPayload+1))
	if !errors.As(err, &tooLarge) {
		t.Errorf("got %v, want a TooLargeError", err)
	}
	var missing *NotFoundError
	if _, err := s.Invoke(t.Context(), "other", nil); !errors.As(err, &missing) {
		t.Errorf("got %v, want a NotFoundError", err)
	}
	if err := s.InvokeAsync("other", nil); !errors.As(err, &missing) {
		t.Errorf("got %v, want a NotFoundError", err)
	}
}

func TestInvokeAsync_TriesThreeTimesWithTheSameRequestID(t *testing.T) {
	s, log := startService(t, nil)
	// Each attempt prints three lines and exits. The service then logs a platform.report line.
	if err := s.InvokeAsync("fn", []byte(`{"Do":"log","Text":"x"}`)); err != nil {
		t.Fatal(err)
	}
	got := log.wait(t, 12)
	if len(got) != 12 {
		t.Errorf("logged %v", got)
	}
	ids := map[string]int{}
	for _, line := range got {
		if _, rest, ok := strings.Cut(line, `"requestId":"`); ok {
			ids[rest[:36]]++
		}
	}
	if len(ids) != 1 {
		t.Errorf("the attempts have the request ids %v, want one id", ids)
	}
}

func TestCreateFunction_RejectsALongDescription(t *testing.T) {
	s, _ := startService(t, nil)
	for length, wantOK := range map[int]bool{maxDescription: true, maxDescription + 1: false} {
		err := s.CreateFunction(Function{
			Name: "described", Dir: t.TempDir(), Description: strings.Repeat("ü", length),
		})
		if (err == nil) != wantOK {
			t.Errorf("description of %d characters: %v", length, err)
		}
	}
}

func TestCreateFunction_ReplacesTheCode(t *testing.T) {
	s, _ := startService(t, nil)
	before := pid(t, s)
	environment := map[string]string{"NEW": "1"}
	err := s.CreateFunction(Function{Name: "fn", Dir: dir, Environment: environment})
	if err != nil {
		t.Fatal(err)
	}
	expectExit(t, before)
	if got := string(invoke(t, s, `{"Do":"env"}`).Payload); !strings.Contains(got, `"NEW=1"`) {
		t.Errorf("the environment is %s, want NEW=1 in it", got)
	}
}

func TestCreateFunction_EndsOnlyTheWaitingInvocations(t *testing.T) {
	s, log := startService(t, func(c *Config, _ *Function) { c.MaxSandboxes = 1 })
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go s.Invoke(ctx, "fn", []byte(`{"Do":"hang"}`))
	hanging := log.wait(t, 1)[0]
	old := s.functions["fn"]
	waited := make(chan error, 1)
	go func() { // unlike Invoke, this call does not continue with the new version
		_, err := old.invoke(context.Background(), newInvocation([]byte(`{"Do":"env"}`)))
		waited <- err
	}()
	replacement := t.TempDir()
	if err := os.CopyFS(replacement, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	environment := map[string]string{"NEW": "1"}
	err := s.CreateFunction(Function{Name: "fn", Dir: replacement, Environment: environment})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-waited; !errors.Is(err, errReplaced) {
		t.Errorf("the waiting invocation: %v", err)
	}
	if got := string(invoke(t, s, `{"Do":"env"}`).Payload); !strings.Contains(got, `"NEW=1"`) {
		t.Errorf("the environment is %s, want NEW=1 in it", got)
	}
	n, err := strconv.Atoi(strings.TrimSpace(hanging))
	if err != nil || !isRunning(n) {
		t.Errorf("the running invocation was killed: %v", err)
	}
	if dirs := s.CodeDirs(); !slices.Contains(dirs, dir) || !slices.Contains(dirs, replacement) {
		t.Errorf("folders in use: %q", dirs)
	}
}

func TestSandbox_IsKilledWhenIdle(t *testing.T) {
	s, _ := startService(t, func(c *Config, _ *Function) { c.IdleTimeout = time.Millisecond })
	expectExit(t, pid(t, s))
	if got := invoke(t, s, `{"Do":"echo","Text":"again"}`); string(got.Payload) != `"again"` {
		t.Errorf("got %s", got.Payload)
	}
}

func TestClose_KillsEverySandbox(t *testing.T) {
	s, log := startService(t, nil)
	idle := pid(t, s)
	failed := make(chan error, 1)
	go func() {
		_, err := s.Invoke(context.Background(), "fn", []byte(`{"Do":"hang"}`))
		failed <- err
	}()
	busy := log.wait(t, 1)[0]
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-failed; !errors.Is(err, errClosed) {
		t.Errorf("the running invocation returned %v", err)
	}
	expectExit(t, idle)
	expectExit(t, busy)
	if _, err := s.Invoke(t.Context(), "fn", nil); !errors.Is(err, errClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestSandbox_ExitsWithoutTheEmulator(t *testing.T) {
	server := httptest.NewUnstartedServer(nil)
	endpoint := "http://" + server.Listener.Addr().String()
	service := New(Config{Endpoint: endpoint, Region: "us-east-1", Account: "000000000000"})
	server.Config.Handler = service
	server.Start()
	defer service.Close()
	err := service.CreateFunction(Function{Name: "fn", Dir: dir, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	process := pid(t, service)
	// Simulate a killed emulator. Close the listener first, because a sandbox that lost its
	// connection opens a new one at once.
	server.Listener.Close()
	server.CloseClientConnections()
	expectExit(t, process)
}

func BenchmarkInvoke(b *testing.B) {
	payload := []byte(`{"Do":"echo","Text":"` + strings.Repeat("x", 1000) + `"}`)
	for _, sandboxes := range []int{1, 4} {
		b.Run(fmt.Sprintf("%d sandboxes", sandboxes), func(b *testing.B) {
			s, _ := startService(b, func(c *Config, _ *Function) { c.MaxSandboxes = sandboxes })
			b.SetParallelism(sandboxes)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := s.Invoke(context.Background(), "fn", payload); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}
