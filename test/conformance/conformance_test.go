// Package conformance runs one suite of AWS SDK calls against the local platform's services and, where moto_server is
// on the PATH, against moto. A test that both pass says that the local platform answers as AWS does; where moto itself
// differs from AWS the test says so, with what AWS documents.
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
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// A target is one implementation of AWS's APIs: its Config makes clients of it.
type target struct {
	name     string // local or moto
	endpoint string // http://127.0.0.1:PORT
	aws.Config
}

// isMoto marks a place where moto does not do what AWS documents. Say there what AWS does.
func (t target) isMoto() bool { return t.name == "moto" }

// forEachTarget runs fn against the local services and, if it is installed, against moto, each as a subtest.
func forEachTarget(t *testing.T, fn func(t *testing.T, target target)) {
	t.Helper()
	t.Run("local", func(t *testing.T) { fn(t, local(t)) })
	t.Run("moto", func(t *testing.T) { fn(t, moto(t)) })
}

// uniqueName makes a name that no other test uses, valid for buckets, tables, queues and buses.
func uniqueName(prefix string) string {
	return prefix + "-" + strings.ToLower(rand.Text()[:12])
}

// services holds what each service's test file mounts, by the prefix of X-Amz-Target that it serves. S3, which has no
// such header, is under the empty prefix.
var services = map[string]func(endpoint string) (http.Handler, error){}

// mount adds a service to the local target. It is called from init functions.
func mount(targetPrefix string, start func(endpoint string) (http.Handler, error)) {
	services[targetPrefix] = start
}

// router sends a request to the service that its X-Amz-Target names, as the platform's listener does.
type router map[string]http.Handler

func (r router) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	prefix := ""
	if service, _, ok := strings.Cut(req.Header.Get("X-Amz-Target"), "."); ok {
		prefix = service + "."
	}
	handler, ok := r[prefix]
	if !ok {
		http.Error(w, "no service is mounted for "+req.Header.Get("X-Amz-Target"), http.StatusNotImplemented)
		return
	}
	handler.ServeHTTP(w, req)
}

// startLocal serves every mounted service on one listener, once per test process.
var startLocal = sync.OnceValues(func() (*httptest.Server, error) {
	routes := router{}
	server := httptest.NewServer(routes)
	for prefix, start := range services {
		handler, err := start(server.URL)
		if err != nil {
			server.Close()
			return nil, fmt.Errorf("start the local service for %q: %w", prefix, err)
		}
		routes[prefix] = handler
	}
	return server, nil
})

func local(tb testing.TB) target {
	tb.Helper()
	server, err := startLocal()
	if err != nil {
		tb.Fatal(err)
	}
	return target{"local", server.URL, config(server.URL)}
}

// motoServer is a running moto_server.
type motoServer struct {
	endpoint string
	stop     func() error
}

var runningMoto *motoServer // for TestMain to stop

// startMoto starts moto on a port of its choosing, once per test process. It gives nil where moto is not installed.
var startMoto = sync.OnceValues(func() (*motoServer, error) {
	path, err := exec.LookPath("moto_server")
	if errors.Is(err, exec.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find moto_server: %w", err)
	}
	// The shell ends moto when its own standard input closes, so that a test process that is killed leaves none behind.
	cmd := exec.Command("sh", "-c", `trap '' INT; "$0" -H 127.0.0.1 -p 0 </dev/null & read _; kill $!; wait`, path)
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
				for lines.Scan() { // its access log would fill the pipe
				}
			}()
			runningMoto = &motoServer{strings.TrimSpace(endpoint), stop}
			return runningMoto, nil
		}
		seen = append(seen, lines.Text())
	}
	_ = stop()
	return nil, fmt.Errorf("moto_server ended before it served:\n%s", strings.Join(seen, "\n"))
})

func moto(tb testing.TB) target {
	tb.Helper()
	server, err := startMoto()
	if err != nil {
		tb.Fatal(err)
	}
	if server == nil {
		tb.Skip("moto_server is not on the PATH")
	}
	cfg := config(server.endpoint)
	// Its web server closes connections without a word: a request that meets that is sent, and takes effect, twice.
	cfg.HTTPClient = awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) { t.DisableKeepAlives = true })
	return target{"moto", server.endpoint, cfg}
}

func config(endpoint string) aws.Config {
	return aws.Config{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(endpoint),
		Credentials:  credentials.NewStaticCredentialsProvider("local", "local", ""),
		// Benchmarks keep more connections busy than the SDK keeps idle by default.
		HTTPClient: awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) { t.MaxIdleConnsPerHost = 64 }),
	}
}

func TestMain(m *testing.M) {
	code := m.Run()
	if runningMoto != nil {
		_ = runningMoto.stop() // it ends by a signal, which is no failure here
	}
	os.Exit(code)
}

// reportRate adds the calls a second, client and server together on this machine, to a benchmark's figures.
func reportRate(b *testing.B) {
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "op/s")
}
