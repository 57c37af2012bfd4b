// Package conformance tests the emulated services with calls of the AWS SDK. If moto_server is on
// the PATH, the tests also run against moto, another emulator of AWS. A test that passes on both
// emulators probably describes the behavior of AWS.
package conformance

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go"

	localdynamodb "github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/dynamodb"
	localbus "github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/eventbridge"
	localsm "github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/secretsmanager"
	localsqs "github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/sqs"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/awsconfig"
)

// target represents an implementation of AWS's APIs. Its Config makes SDK clients call it.
type target struct {
	name     string // local or moto
	endpoint string // http://127.0.0.1:PORT
	aws.Config
}

// isMoto reports whether the target is moto. Comments at the calls of isMoto say how moto differs
// from AWS.
func (t target) isMoto() bool { return t.name == "moto" }

// forEachTarget runs fn in one subtest for each target. It skips moto if moto is not installed.
func forEachTarget(t *testing.T, fn func(t *testing.T, target target)) {
	t.Helper()
	t.Run("local", func(t *testing.T) { fn(t, localTarget(t)) })
	t.Run("moto", func(t *testing.T) { fn(t, motoTarget(t)) })
}

// uniqueName returns a unique name that is valid for buckets, tables, queues and event buses.
func uniqueName(prefix string) string {
	return prefix + "-" + strings.ToLower(rand.Text()[:12])
}

// localServices maps the prefix of the header X-Amz-Target to a function that starts the service.
// S3's prefix is "", because its requests have no such header.
var localServices = map[string]func(endpoint string) (http.Handler, error){
	"":                         startS3,
	localdynamodb.TargetPrefix: startDynamoDB,
	localbus.TargetPrefix:      startEventBridge,
	localsm.TargetPrefix:       startSecretsManager,
	localsqs.TargetPrefix:      startSQS,
}

// router passes each request to a service. The header X-Amz-Target selects the service, as in the
// emulator.
type router map[string]http.Handler

func (r router) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	target := req.Header.Get("X-Amz-Target")
	prefix, _, _ := strings.Cut(target, ".")
	handler, ok := r[prefix]
	if !ok {
		http.Error(w, "no local service serves "+target, http.StatusNotImplemented)
		return
	}
	handler.ServeHTTP(w, req)
}

// startLocal starts all local services on one listener, once per test process.
var startLocal = sync.OnceValues(func() (*httptest.Server, error) {
	routes := router{}
	server := httptest.NewServer(routes)
	for prefix, start := range localServices {
		handler, err := start(server.URL)
		if err != nil {
			server.Close()
			return nil, fmt.Errorf("start local service for %q: %w", prefix, err)
		}
		routes[prefix] = handler
	}
	return server, nil
})

func localTarget(tb testing.TB) target {
	tb.Helper()
	server, err := startLocal()
	if err != nil {
		tb.Fatal(err)
	}
	return target{"local", server.URL, config(server.URL)}
}

// motoServer represents a running moto_server.
type motoServer struct {
	endpoint string
	stop     func() error
}

var runningMoto *motoServer // TestMain stops it

// startMoto starts moto on a free port, once per test process. It returns nil if moto is not
// installed.
var startMoto = sync.OnceValues(func() (*motoServer, error) {
	path, err := exec.LookPath("moto_server")
	if errors.Is(err, exec.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find moto_server: %w", err)
	}
	// When the test process ends, even if it is killed, the shell's standard input is closed. Then
	// the shell stops moto.
	const script = `trap '' INT; "$0" -H 127.0.0.1 -p 0 </dev/null & read _; kill $!; wait`
	cmd := exec.Command("sh", "-c", script, path)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start moto_server: %w", err)
	}
	stop := func() error {
		_ = stdin.Close()
		return cmd.Wait()
	}
	lines := bufio.NewScanner(stderr)
	var seen []string
	for lines.Scan() {
		if _, endpoint, ok := strings.Cut(lines.Text(), "Running on "); ok {
			go func() {
				for lines.Scan() { // read the access log, so that it does not fill the pipe
				}
			}()
			runningMoto = &motoServer{strings.TrimSpace(endpoint), stop}
			return runningMoto, nil
		}
		seen = append(seen, lines.Text())
	}
	_ = stop()
	return nil, fmt.Errorf("moto_server exited before it was ready:\n%s", strings.Join(seen, "\n"))
})

func motoTarget(tb testing.TB) target {
	tb.Helper()
	server, err := startMoto()
	if err != nil {
		tb.Fatal(err)
	}
	if server == nil {
		tb.Skip("moto_server is not on the PATH")
	}
	cfg := config(server.endpoint)
	// Do not reuse connections. moto may close an idle connection while it receives a request. The
	// SDK then sends the request again, and both requests may take effect.
	cfg.HTTPClient = awsconfig.PlainBodies(awsconfig.NewHTTPClient().WithTransportOptions(
		func(t *http.Transport) { t.DisableKeepAlives = true }))
	return target{"moto", server.endpoint, cfg}
}

func config(endpoint string) aws.Config {
	return aws.Config{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(endpoint),
		Credentials:  credentials.NewStaticCredentialsProvider("local", "local", ""),
		HTTPClient:   awsconfig.PlainBodies(awsconfig.NewHTTPClient()),
	}
}

// wantErrorCode checks that err is an AWS error with the code.
func wantErrorCode(t *testing.T, err error, code string) {
	t.Helper()
	var failure smithy.APIError
	if !errors.As(err, &failure) || failure.ErrorCode() != code {
		t.Errorf("got error %v, want code %s", err, code)
	}
}

func TestMain(m *testing.M) {
	code := m.Run()
	if runningMoto != nil {
		_ = runningMoto.stop() // the error reports only the signal that stopped moto
	}
	os.Exit(code)
}

// reportRate reports the calls per second. Client and server run on the same machine.
func reportRate(b *testing.B) {
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "op/s")
}
