package client

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func serve(t *testing.T, answer http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return server.URL
}

func TestNew_RefusesWhatIsNoURL(t *testing.T) {
	for _, address := range []string{"", "localhost:8080", "ftp://host", "://"} {
		if _, err := New(t.Context(), address, 1, false); err == nil {
			t.Errorf("%q was taken", address)
		}
	}
}

func TestClient_SignsForTheRegion(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_REGION", "eu-west-1")
	for _, sign := range []bool{false, true} {
		var authorization string
		url := serve(t, func(w http.ResponseWriter, r *http.Request) {
			authorization = r.Header.Get("Authorization")
			io.WriteString(w, `{"status":"accepted","eventId":"1"}`)
		})
		c, err := New(t.Context(), url, 1, sign)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Send(t.Context(), []byte("{}")); err != nil {
			t.Fatal(err)
		}
		if signed := strings.Contains(authorization, "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/") && strings.Contains(authorization, "/eu-west-1/execute-api/"); signed != sign {
			t.Errorf("sign %t: Authorization is %q", sign, authorization)
		}
	}
}

func TestNew_SignsForTheRegionOfAnExecuteAPIHost(t *testing.T) {
	t.Setenv("AWS_REGION", "eu-west-1")
	c, err := New(t.Context(), "https://abc123.execute-api.us-west-2.amazonaws.com/", 1, false)
	if err != nil || !c.sign || c.region != "us-west-2" {
		t.Errorf("got %+v, %v", c, err)
	}
}

func TestClient_ReturnsTheProblem(t *testing.T) {
	for _, c := range []struct {
		contentType, body, want string
		status                  int
	}{
		{"application/problem+json", `{"title":"Bad","detail":"No good.","pointer":"/a"}`, "HTTP 422: No good.", 422},
		{"application/json", `{"message":"Forbidden"}`, "HTTP 403: Forbidden (this API takes requests signed", 403},
		{"text/html", `<html>`, "HTTP 502", 502},
	} {
		url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", c.contentType)
			w.WriteHeader(c.status)
			io.WriteString(w, c.body)
		})
		client, err := New(t.Context(), url, 1, false)
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.Status(t.Context(), "1")
		var problem *Problem
		if !errors.As(err, &problem) || problem.HTTPStatus != c.status || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

func TestClient_SaysWhenItIsNoPipeline(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") })
	c, err := New(t.Context(), url, 1, false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Send(t.Context(), []byte("{}")); err == nil {
		t.Error("Send took it for an id")
	}
	if _, err := c.Status(t.Context(), "1"); err == nil {
		t.Error("Status took it for a status")
	}
}
