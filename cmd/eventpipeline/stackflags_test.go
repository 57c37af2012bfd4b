package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
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
