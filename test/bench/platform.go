package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// platform represents a running local platform.
type platform struct {
	variant
	cmd              *exec.Cmd
	apiPort, awsPort string
	output           *os.File
}

// start starts the platform and waits until the API answers.
func (v variant) start() (*platform, error) {
	p := &platform{variant: v}
	var err error
	if p.apiPort, err = freePort(); err != nil {
		return nil, err
	}
	if p.awsPort, err = freePort(); err != nil {
		return nil, err
	}
	// The platform prints to a file, because a pipe's reader also uses CPU time.
	if p.output, err = os.CreateTemp("", "bench-*.txt"); err != nil {
		return nil, err
	}
	copyAssembly := fmt.Sprintf(`mkdir -p "$CDK_OUTDIR" && cp -R %q/. "$CDK_OUTDIR"`, v.assembly)
	p.cmd = exec.Command(v.cli, "local", "--app", copyAssembly,
		"--api-port", p.apiPort, "--aws-port", p.awsPort)
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	return p, waitUntil(func() (bool, error) {
		response, err := http.Get("http://127.0.0.1:" + p.apiPort + "/health")
		if err != nil {
			return false, nil // not ready
		}
		return true, response.Body.Close()
	})
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port), nil
}

// waitUntil waits at most three minutes until done returns true.
func waitUntil(done func() (bool, error)) error {
	for deadline := time.Now().Add(3 * time.Minute); time.Now().Before(deadline); {
		if ok, err := done(); ok || err != nil {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
	return errors.New("the platform was not ready in time")
}

func (p *platform) stop() error {
	defer os.Remove(p.output.Name())
	return errors.Join(p.cmd.Process.Signal(os.Interrupt), p.cmd.Wait(), p.output.Close())
}

// send sends events and waits until all are processed. It sends batches with `eventpipeline send`,
// and returns that command's CPU time. It sends single events itself, and then returns 0.
func (p *platform) send(l load) (time.Duration, error) {
	if l.batch == 1 {
		if err := p.post(l); err != nil {
			return 0, err
		}
		return 0, waitUntil(p.isDrained)
	}
	args := []string{"send", "--api", "http://127.0.0.1:" + p.apiPort,
		"--count", strconv.Itoa(l.count), "--concurrency", strconv.Itoa(l.concurrency),
		"--batch", strconv.Itoa(l.batch)}
	cmd := exec.Command(p.cli, args...)
	if text, err := cmd.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("send: %w: %s", err, text)
	}
	used := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return used, waitUntil(p.isDrained)
}

// post sends single events without an idempotency key. With a key, the API function makes more AWS
// calls.
func (p *platform) post(l load) error {
	transport := &http.Transport{MaxIdleConnsPerHost: l.concurrency}
	defer transport.CloseIdleConnections()
	client := http.Client{Transport: transport}
	var senders errgroup.Group
	senders.SetLimit(l.concurrency)
	for i := range l.count {
		senders.Go(func() error {
			event := fmt.Sprintf(`{"eventType":"demo","message":"hello","sequence":%d}`, i)
			response, err := client.Post(
				"http://127.0.0.1:"+p.apiPort+"/events", "application/json",
				strings.NewReader(event))
			if err != nil {
				return err
			}
			defer response.Body.Close()
			text, err := io.ReadAll(response.Body)
			if err == nil && response.StatusCode != http.StatusAccepted {
				err = fmt.Errorf("%s: %s", response.Status, text)
			}
			return err
		})
	}
	return senders.Wait()
}

// isDrained reports whether all queues are empty.
func (p *platform) isDrained() (bool, error) {
	var list struct {
		QueueURLs []string `json:"QueueUrls"`
	}
	if err := p.callSQS("ListQueues", "{}", &list); err != nil {
		return false, err
	}
	for _, url := range list.QueueURLs {
		var out struct{ Attributes map[string]string }
		in := fmt.Sprintf(`{"QueueUrl":%q,"AttributeNames":["All"]}`, url)
		if err := p.callSQS("GetQueueAttributes", in, &out); err != nil {
			return false, err
		}
		if out.Attributes["ApproximateNumberOfMessages"] != "0" ||
			out.Attributes["ApproximateNumberOfMessagesNotVisible"] != "0" {
			return false, nil
		}
	}
	return true, nil
}

func (p *platform) callSQS(operation, in string, out any) error {
	request, err := http.NewRequest(http.MethodPost, "http://127.0.0.1:"+p.awsPort,
		bytes.NewBufferString(in))
	if err != nil {
		return err
	}
	request.Header.Set("X-Amz-Target", "AmazonSQS."+operation)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("read the response of %s: %w", operation, err)
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s: %s", operation, response.Status, body)
	}
	return json.Unmarshal(body, out)
}

// childProcesses returns the process ids of the running functions.
func (p *platform) childProcesses() ([]int, error) {
	list := fmt.Sprintf("/proc/%d/task/*/children", p.cmd.Process.Pid)
	files, err := filepath.Glob(list)
	if err != nil {
		return nil, err
	}
	var ids []int
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // the thread has ended
		}
		for _, field := range bytes.Fields(text) {
			id, err := strconv.Atoi(string(field))
			if err != nil {
				return nil, err
			}
			ids = append(ids, id)
		}
	}
	return ids, nil
}
