package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestStack_SuggestsLocalWhenThePlatformDoesNotAnswer(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	for _, args := range [][]string{
		{"dlq", "list"}, {"replay", "--type", "demo", "--from", "1h", "--dry-run"}, {"reconcile"},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		var out, errOut strings.Builder
		code := run(ctx, append(args, "--aws", server.URL), strings.NewReader(""), &out, &errOut)
		cancel()
		suggests := strings.Contains(errOut.String(), "eventpipeline local\n") &&
			strings.Contains(errOut.String(), "--aws")
		if code != exitFailure || !suggests {
			t.Errorf("%v: exit code %d, printed %q", args, code, errOut.String())
		}
	}
}

func TestStack_IsFoundAtTheEndpointOfTheAWSCLIUnlessAFlagSetsAnother(t *testing.T) {
	d := deploy(t)
	var a api
	server := httptest.NewServer(&a)
	t.Cleanup(server.Close)
	d.api = server.URL
	list, send := []string{"dlq", "list"}, []string{"send", "--count", "1"}
	t.Setenv(endpointVariable, d.url)
	for _, args := range [][]string{list, send} {
		if code, out, errOut := runMain(t, args...); code != exitOK {
			t.Errorf("%v: exit code %d, printed %q, %q", args, code, out, errOut)
		}
	}
	if _, out, _ := runMain(t, send...); !strings.Contains(out, "status --aws "+d.url+" ") {
		t.Errorf("printed %q, which works only in a shell with the variable", out)
	}
	t.Setenv(endpointVariable, "http://127.0.0.1:1")
	for _, args := range [][]string{
		append(list, "--aws", d.url), append(send, "--aws", d.url),
		append(send, "--api", server.URL),
	} {
		if code, out, errOut := runMain(t, args...); code != exitOK {
			t.Errorf("%v: exit code %d, printed %q, %q", args, code, out, errOut)
		}
	}
	t.Setenv(endpointVariable, "127.0.0.1:4566")
	code, _, errOut := runMain(t, list...)
	if code != exitUsage || !strings.Contains(errOut, `AWS_ENDPOINT_URL must be a URL`) {
		t.Errorf("exit code %d, printed %q", code, errOut)
	}
	code, out, _ := runMain(t, "dlq", "list", "--help")
	if code != exitOK || !strings.Contains(out, "AWS_ENDPOINT_URL") {
		t.Errorf("printed %q", out)
	}
}

func TestAPI_SuggestsLocalWhenThePlatformDoesNotAnswer(t *testing.T) {
	t.Parallel()
	err := new(apiFlags).explain(errors.New("connection refused"))
	for _, want := range []string{"eventpipeline local\n", "--aws", "--api", "--stack"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, which lacks %s", err, want)
		}
	}
}

// With --stack, the command must not call services on this machine. An environment variable or a
// configuration file can set the URL of such services.
func TestStack_OfADeploymentMustNotBeOnThisMachine(t *testing.T) {
	d := deploy(t)
	settings := filepath.Join(t.TempDir(), "config")
	text := "[default]\nendpoint_url = " + d.url + "\n"
	if err := os.WriteFile(settings, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, port, _ := strings.Cut(strings.TrimPrefix(d.url, "http://"), ":")
	for name, value := range map[string]string{
		endpointVariable:                     d.url,
		endpointVariable + "_SQS":            "http://localhost:" + port,
		endpointVariable + "_S3":             "http://[::1]:" + port,
		endpointVariable + "_DYNAMODB":       "http://0.0.0.0:" + port,
		endpointVariable + "_CLOUDFORMATION": "http://aws.localhost:" + port,
		"AWS_CONFIG_FILE":                    settings,
	} {
		t.Run(name+"="+value, func(t *testing.T) {
			t.Setenv("AWS_REGION", "us-east-1")
			t.Setenv(name, value)
			for _, args := range [][]string{
				{"send", "--count", "1"}, {"reconcile"}, {"dlq", "list"},
				{"dlq", "redrive", "--all", "--yes"},
				{"replay", "--type", "demo", "--from", "1h", "--yes"},
			} {
				code, out, errOut := runMain(t, append(args, "--stack", d.Stack)...)
				if code != exitUsage || out != "" || !strings.Contains(errOut, ":"+port) ||
					!strings.Contains(errOut, "--aws") {
					t.Errorf("%v: exit code %d, printed %q, %q", args, code, out, errOut)
				}
			}
		})
	}
}

// The command "cost" has no flag --aws, so its error must not suggest this flag.
func TestCost_WithAStackRejectsTheLocalPlatform(t *testing.T) {
	t.Setenv("AWS_REGION", "us-east-1")
	t.Setenv(endpointVariable, "http://127.0.0.1:4566")
	code, out, errOut := runMain(t, "cost", "--stack", "shop")
	if code != exitUsage || out != "" || !strings.Contains(errOut, "omit --stack") ||
		strings.Contains(errOut, "--aws") {
		t.Errorf("exit code %d, printed %q, %q", code, out, errOut)
	}
}

func TestStack_IsNamedByCommandsThatChangeIt(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	server := httptest.NewServer(new(api))
	t.Cleanup(server.Close)
	d.api = server.URL
	d.reconciler = func([]byte) (response, functionError string) {
		return `{"report":{"done":true}}`, ""
	}
	want := "Pipeline: stack local, region us-east-1, at " + d.url + "\n"
	for _, args := range [][]string{
		{"send", "--count", "1"}, {"reconcile"}, {"dlq", "redrive", "--all", "--yes"},
		{"dlq", "drop", "--all", "--yes"},
		{"replay", "--type", "demo", "--from", "1h", "--dry-run"},
	} {
		code, _, errOut := d.run(t, args...)
		if code != exitOK || !strings.HasPrefix(errOut, want) {
			t.Errorf("%v: exit code %d, printed %q, want %q first", args, code, errOut, want)
		}
	}
	_, _, errOut := runMain(t, "send", "--count", "1", "--api", server.URL)
	if want := "Pipeline: API " + server.URL + "\n"; !strings.HasPrefix(errOut, want) {
		t.Errorf("printed %q, want %q first", errOut, want)
	}
}

func TestStack_FailsWithoutAPipeline(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.DLQURL = "" // the outputs are incomplete, and the stack has no functions
	for _, args := range [][]string{{"dlq", "list"}, {"reconcile"}} {
		code, _, errOut := d.run(t, args...)
		if code != exitFailure ||
			!strings.Contains(errOut, "none of the stacks has an EventPipeline") {
			t.Errorf("%v: exit code %d, printed %q", args, code, errOut)
		}
	}
}
