package client

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

func serve(t *testing.T, answer http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return server.URL
}

func TestNew_RejectsInvalidURLs(t *testing.T) {
	for _, address := range []string{"", "localhost:8080", "ftp://host", "://"} {
		if _, err := New(t.Context(), address, Options{}); err == nil {
			t.Errorf("%q was accepted", address)
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
		c, err := New(t.Context(), url, Options{Sign: sign})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Send(t.Context(), []byte("{}")); err != nil {
			t.Fatal(err)
		}
		signed := strings.Contains(authorization, "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/") &&
			strings.Contains(authorization, "/eu-west-1/execute-api/")
		if signed != sign {
			t.Errorf("sign %t: Authorization is %q", sign, authorization)
		}
	}
}

func TestNew_SignsForTheRegionOfAnExecuteAPIHost(t *testing.T) {
	t.Setenv("AWS_REGION", "eu-west-1")
	c, err := New(t.Context(), "https://abc123.execute-api.us-west-2.amazonaws.com/", Options{})
	if err != nil || c.creds == nil || c.region != "us-west-2" {
		t.Errorf("got %+v, %v", c, err)
	}
}

func TestClient_ReturnsTheProblem(t *testing.T) {
	for _, c := range []struct {
		contentType, body, want string
		status                  int
	}{
		{
			"application/problem+json", `{"title":"Bad","detail":"No good.","pointer":"/a"}`,
			"HTTP 422: No good.", 422,
		},
		{
			"application/problem+json", `{"title":"Caller unknown","detail":"Who?"}`,
			"HTTP 403: Who?", 403,
		},
		{
			"application/json", `{"message":"Forbidden"}`,
			"HTTP 403: The API denies access to the caller. (an API with IAM", 403,
		},
		{"application/json", `{"message":"Teapot"}`, "HTTP 418: Teapot", 418},
		{"text/html", `<html>`, "HTTP 502", 502},
	} {
		url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", c.contentType)
			w.WriteHeader(c.status)
			io.WriteString(w, c.body)
		})
		client, err := New(t.Context(), url, Options{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.Status(t.Context(), "1")
		var problem *Problem
		if !errors.As(err, &problem) || problem.HTTPStatus != c.status ||
			!strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

// API Gateway can't answer with problem details. The client therefore converts its errors.
func TestClient_ConvertsErrorsOfAPIGatewayToProblems(t *testing.T) {
	for status, want := range map[int]string{
		401: "unauthorized", 403: "forbidden", 404: "not-found", 413: "too-large",
		429: "throttled", 500: "failed", 503: "unavailable",
	} {
		url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Apigw-Requestid", "r-1")
			w.WriteHeader(status)
			io.WriteString(w, `{"message":"Oops"}`)
		})
		client, err := New(t.Context(), url, Options{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.Send(t.Context(), []byte("{}"))
		var p *Problem
		if !errors.As(err, &p) || p.HTTPStatus != status || p.Type != gatewayType+want ||
			p.Title == "" || p.Detail == "" || p.RequestID != "r-1" {
			t.Errorf("%d: %+v", status, p)
		}
	}
}

func TestClient_ReportsWhyATokenIsRejected(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Www-Authenticate",
			`Bearer scope="" error="invalid_token" error_description="the token has expired"`)
		w.WriteHeader(http.StatusUnauthorized)
		io.WriteString(w, `{"message":"Unauthorized"}`)
	})
	client, err := New(t.Context(), url, Options{Token: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.Send(t.Context(), []byte("{}"))
	if err == nil ||
		err.Error() != "HTTP 401: The API rejects the token: the token has expired." {
		t.Errorf("got %v", err)
	}
}

func TestClient_SendsTheTokenAndSignsNothing(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	var authorization []string
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		authorization = append(authorization, r.Header.Get("Authorization"))
		io.WriteString(w, `{"status":"accepted","eventId":"1"}`)
	})
	c, err := New(t.Context(), url, Options{Token: "token", Sign: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Send(t.Context(), []byte("{}")); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Status(t.Context(), "1"); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(authorization, []string{"Bearer token", "Bearer token"}) {
		t.Errorf("Authorization was %q", authorization)
	}
}

func TestNew_RequiresHTTPSForATokenUnlessLocal(t *testing.T) {
	for address, accepted := range map[string]bool{
		"http://events.example.org": false, "http://192.0.2.1:8080": false,
		"https://events.example.org": true,
		"http://127.0.0.1:8080":      true, "http://localhost:8080": true,
		"http://[::1]:8080": true,
	} {
		if _, err := New(t.Context(), address, Options{Token: "token"}); (err == nil) != accepted {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestClient_DoesNotFollowRedirects(t *testing.T) {
	other := serve(t, func(http.ResponseWriter, *http.Request) {
		t.Error("the redirect was followed")
	})
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other, http.StatusTemporaryRedirect)
	})
	c, err := New(t.Context(), url, Options{Token: "token"})
	if err != nil {
		t.Fatal(err)
	}
	var p *Problem
	_, err = c.Send(t.Context(), []byte("{}"))
	if !errors.As(err, &p) || p.HTTPStatus != http.StatusTemporaryRedirect {
		t.Errorf("got %v", err)
	}
}

func TestClient_FailsIfTheServerIsNotAPipeline(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") })
	c, err := New(t.Context(), url, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Send(t.Context(), []byte("{}")); err == nil {
		t.Error("Send returned an id")
	}
	if _, err := c.Status(t.Context(), "1"); err == nil {
		t.Error("Status returned a status")
	}
}
