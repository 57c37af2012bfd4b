// Package e2e tests the platform as a new user uses it. The tests start `eventpipeline local`,
// which runs the real functions and the synthesized template. The tests call the platform through
// HTTP, the AWS SDK and, if it is installed, the AWS CLI.
package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/awsconfig"
)

// binary is the path of the eventpipeline command that TestMain builds.
var binary string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "eventpipeline-e2e-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		binary = filepath.Join(dir, "eventpipeline")
		build := exec.Command("go", "build", "-o", binary, "../../cmd/eventpipeline")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build the command: %v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

// platform represents a running `eventpipeline local`.
type platform struct {
	API     string            `json:"api"`
	AWS     string            `json:"aws"`
	Ready   bool              `json:"ready"`
	Console string            `json:"console"`
	Outputs map[string]string `json:"outputs"`
	NotRun  []string          `json:"notRun"`

	cmd  *exec.Cmd
	done chan struct{} // closed when cmd has exited
	err  error         // error of cmd, valid when done is closed
	log  syncBuffer
}

// startTimeout is long enough for a first build on a slow machine.
const startTimeout = 8 * time.Minute

// readSources visits all files of the repository once. After a change of a visited file, `go test`
// does not use a cached result.
var readSources = sync.OnceValue(func() error {
	return filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Name() == ".git" {
			return fs.SkipDir
		}
		return err
	})
})

// command returns an eventpipeline command that runs in the repository's root.
func command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Args[0] = "eventpipeline" // as if the command was found on the PATH
	cmd.Dir = "../.."
	return cmd
}

// start starts `eventpipeline local`, and stops it at the end of the test.
func start(t *testing.T, flags ...string) *platform {
	t.Helper()
	return startIn(t, "../..", flags...)
}

// startIn starts `eventpipeline local` in an app's folder, and stops it at the end of the test.
func startIn(t *testing.T, folder string, flags ...string) *platform {
	t.Helper()
	if err := readSources(); err != nil {
		t.Fatal(err)
	}
	p := &platform{done: make(chan struct{})}
	args := append([]string{"local", "--json", "--api-port", "0", "--aws-port", "0"}, flags...)
	p.cmd = command(beforeDeadline(t), args...)
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(os.Interrupt) }
	p.cmd.Dir = folder
	p.cmd.Stderr = &p.log
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make(chan struct{})
	go p.follow(stdout, ready)
	t.Cleanup(func() { p.stop(t) })
	select {
	case <-ready:
	case <-p.done:
		t.Fatalf("eventpipeline local exited: %v\n%s", p.err, &p.log)
	case <-time.After(startTimeout):
		t.Fatalf("eventpipeline local is not ready\n%s", &p.log)
	}
	return p
}

// beforeDeadline returns a context that ends shortly before the time limit of `go test`. At the
// limit, `go test` runs no cleanups, and does not stop the platform.
func beforeDeadline(t *testing.T) context.Context {
	deadline, ok := t.Deadline()
	if !ok {
		return context.Background()
	}
	ctx, cancel := context.WithDeadline(context.Background(), deadline.Add(-10*time.Second))
	t.Cleanup(cancel)
	return ctx
}

// follow reads stdout until the platform exits. When the platform has started, follow closes the
// channel `started`. Until then, all lines must be JSON.
func (p *platform) follow(stdout io.Reader, started chan struct{}) {
	defer close(p.done)
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		p.log.Write(append(lines.Bytes(), '\n'))
		if p.Ready {
			continue
		}
		if err := json.Unmarshal(lines.Bytes(), p); err != nil {
			p.err = fmt.Errorf("stdout must be JSON, got %s", lines.Bytes())
			_ = p.cmd.Process.Kill()
		}
		if p.Ready {
			close(started)
		}
	}
	p.err = errors.Join(p.err, p.cmd.Wait())
}

// stop interrupts the platform, as Ctrl-C does, and expects an exit without an error.
func (p *platform) stop(t *testing.T) {
	t.Helper()
	select {
	case <-p.done:
		return
	default:
	}
	if err := p.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Error(err)
	}
	select {
	case <-p.done:
	case <-time.After(time.Minute):
		_ = p.cmd.Process.Kill()
		t.Error("eventpipeline local does not stop")
	}
	if p.err != nil {
		t.Errorf("eventpipeline local: %v", p.err)
	}
	if t.Failed() {
		t.Logf("output:\n%s", p.log.tail(8000))
	}
}

// awsConfig returns a configuration for AWS clients of the platform.
func (p *platform) awsConfig() aws.Config {
	return aws.Config{
		Region:       "us-east-1",
		Credentials:  credentials.NewStaticCredentialsProvider("local", "local", ""),
		BaseEndpoint: &p.AWS,
		// With the SDK's default HTTP client, a connection may be closed before the test reads the
		// response. If a response of ReceiveMessage is lost, the received messages stay invisible
		// until the visibility timeout.
		HTTPClient: awsconfig.PlainBodies(awsconfig.NewHTTPClient()),
	}
}

// env returns environment variables for AWS CLI calls to the platform.
func (p *platform) env() []string {
	return append(os.Environ(), "AWS_ENDPOINT_URL="+p.AWS,
		"AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1",
		"AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local",
		"AWS_CONFIG_FILE="+os.DevNull, "AWS_PAGER=", "AWS_DEFAULT_OUTPUT=json")
}

// post sends a body to POST /events.
func (p *platform) post(
	t *testing.T, body string,
) (status int, contentType string, response map[string]any) {
	t.Helper()
	resp, err := http.Post(p.API+"/events", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&response); err != nil {
		t.Fatalf("POST /events: got %d without JSON: %v", resp.StatusCode, err)
	}
	return resp.StatusCode, resp.Header.Get("Content-Type"), response
}

// accept sends an event and returns its id.
func (p *platform) accept(t *testing.T, body string) string {
	t.Helper()
	status, _, response := p.post(t, body)
	id, _ := response["eventId"].(string)
	if status != http.StatusAccepted || response["status"] != "accepted" || id == "" {
		t.Fatalf("POST /events: got %d %v, want 202 and an id", status, response)
	}
	return id
}

// status returns the response of GET /events/{eventId}.
func (p *platform) status(t *testing.T, id string) map[string]any {
	t.Helper()
	resp, err := http.Get(p.API + "/events/" + id)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var response map[string]any
	err = json.NewDecoder(resp.Body).Decode(&response)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("GET /events/%s: got %d %v, %v", id, resp.StatusCode, response, err)
	}
	return response
}

// waitTimeout limits the time in which a condition must be met. The limit is long enough for a busy
// machine.
const waitTimeout = 4 * time.Minute

// waitUntil calls check until check returns "". Any other result describes the unmet condition.
func waitUntil(t *testing.T, check func() (unmet string)) {
	t.Helper()
	deadline := time.Now().Add(waitTimeout)
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	for {
		unmet := check()
		if unmet == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("timed out: %s", unmet)
		}
		<-poll.C
	}
}

// waitForStatus waits until the event has the status and returns the API's response.
func (p *platform) waitForStatus(t *testing.T, id, want string) map[string]any {
	t.Helper()
	var response map[string]any
	waitUntil(t, func() string {
		if response = p.status(t, id); response["status"] == want {
			return ""
		}
		return fmt.Sprintf("event %s is %v, want %s", id, response["status"], want)
	})
	return response
}

// syncBuffer is a buffer that is safe for concurrent use.
type syncBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

func (b *syncBuffer) tail(n int) string {
	text := b.String()
	return text[max(0, len(text)-n):]
}
