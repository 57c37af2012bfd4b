package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestAPIFlags_AdviseHowToAuthorizeRequests(t *testing.T) {
	t.Setenv(tokenVariable, "")
	const gateway, own = "application/json", "application/problem+json"
	for _, c := range []struct {
		status                  int
		contentType, body, want string
		token                   string
	}{
		{401, gateway, `{"message":"Unauthorized"}`, "(set a JSON Web Token with --token", ""},
		{401, gateway, `{"message":"Unauthorized"}`, "a valid token.", "secret"},
		{403, gateway, `{"message":"Forbidden"}`, "must allow execute-api:Invoke)", ""},
		{403, own, `{"title":"Caller unknown","detail":"Who?"}`, "HTTP 403: Who?\n", ""},
	} {
		respond := func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", c.contentType)
			w.WriteHeader(c.status)
			io.WriteString(w, c.body)
		}
		server := httptest.NewServer(http.HandlerFunc(respond))
		defer server.Close()
		for _, args := range [][]string{{"status", eventID}, {"send", "--count", "1"}} {
			args = append(args, "--api", server.URL)
			if c.token != "" {
				args = append(args, "--token", c.token)
			}
			code, _, errOut := runMain(t, args...)
			if code != exitFailure || !strings.Contains(errOut, c.want) ||
				c.token != "" && strings.Contains(errOut, c.token) {
				t.Errorf("%v: exit code %d, printed %q, want %q", args, code, errOut, c.want)
			}
		}
	}
}

func TestAPIFlags_SignForTheRegionOfAnAPI(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_CONFIG_FILE", "none")
	t.Setenv("AWS_REGION", "")
	t.Setenv("AWS_DEFAULT_REGION", "")
	code, _, errOut := runMain(t, "status", "--sign", "--api", "http://127.0.0.1:1", eventID)
	if code != exitFailure || !strings.Contains(errOut, "set AWS_REGION") {
		t.Errorf("exit code %d, printed %q", code, errOut)
	}
}
