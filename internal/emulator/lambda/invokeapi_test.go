//go:build unix

package lambda

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"
)

func client(s *Service) *lambda.Client {
	return lambda.New(lambda.Options{
		Region: "us-east-1", BaseEndpoint: &s.config.Endpoint, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	})
}

func TestAPI_Invoke(t *testing.T) {
	s, log := startService(t, nil)
	c := client(s)
	input := func(kind types.InvocationType, payload string) *lambda.InvokeInput {
		return &lambda.InvokeInput{
			FunctionName: aws.String("fn"), InvocationType: kind, Payload: []byte(payload),
		}
	}
	out, err := c.Invoke(t.Context(), input("", `{"Do":"echo","Text":"a"}`))
	if err != nil || string(out.Payload) != `"a"` || out.StatusCode != 200 ||
		out.FunctionError != nil || *out.ExecutedVersion != "$LATEST" {
		t.Errorf("got %+v, %v", out, err)
	}
	out, err = c.Invoke(t.Context(), input("", `{"Do":"error","Text":"no"}`))
	if err != nil || aws.ToString(out.FunctionError) != "Unhandled" {
		t.Errorf("got %+v, %v; want a function error", out, err)
	}
	out, err = c.Invoke(t.Context(), input(types.InvocationTypeEvent, `{"Do":"hang"}`))
	if err != nil || out.StatusCode != 202 {
		t.Errorf("got %+v, %v; want 202", out, err)
	}
	log.wait(t, 1)
	out, err = c.Invoke(t.Context(), input(types.InvocationTypeDryRun, ""))
	if err != nil || out.StatusCode != 204 {
		t.Errorf("got %+v, %v; want 204", out, err)
	}
}

func TestAPI_ReturnsTheEndOfTheLog(t *testing.T) {
	s, _ := startService(t, nil)
	c := client(s)
	invoke := func(payload string) string {
		t.Helper()
		out, err := c.Invoke(t.Context(), &lambda.InvokeInput{
			FunctionName: aws.String("fn"), LogType: types.LogTypeTail, Payload: []byte(payload),
		})
		if err != nil {
			t.Fatal(err)
		}
		log, err := base64.StdEncoding.DecodeString(aws.ToString(out.LogResult))
		if err != nil {
			t.Fatal(err)
		}
		return string(log)
	}
	log := invoke(`{"Do":"print","Text":"line","N":2}`)
	for _, want := range []string{"line 0\n", "line 1\n", "stderr\n", "no newline\n"} {
		if !strings.Contains(log, want) {
			t.Errorf("got %q, want it to contain %q", log, want)
		}
	}
	if log := invoke(`{"Do":"echo"}`); log != "" {
		t.Errorf("got %q after an invocation that prints nothing", log)
	}
	log = invoke(`{"Do":"print","Text":"longer","N":1000}`)
	if len(log) != maxTail || !strings.Contains(log, "longer 999\n") {
		t.Errorf("got %d bytes: %q", len(log), log)
	}
	if log := invoke(`{"Do":"exit","N":3}`); !strings.Contains(log, "exit status 3") {
		t.Errorf("got %q after an exit", log)
	}
	_, err := c.Invoke(t.Context(), &lambda.InvokeInput{
		FunctionName: aws.String("fn"), LogType: "Head",
	})
	if problem, ok := errors.AsType[smithy.APIError](err); !ok ||
		problem.ErrorCode() != "ValidationException" {
		t.Errorf("got %v for an unknown log type", err)
	}
}

func TestAPI_ReturnsTheErrorsOfAWS(t *testing.T) {
	s, _ := startService(t, nil)
	c := client(s)
	invoke := func(function string, payload []byte) error {
		_, err := c.Invoke(t.Context(),
			&lambda.InvokeInput{FunctionName: &function, Payload: payload})
		return err
	}
	var missing *types.ResourceNotFoundException
	if err := invoke("other", nil); !errors.As(err, &missing) {
		t.Errorf("unknown function: %v", err)
	}
	var invalid *types.InvalidRequestContentException
	if err := invoke("fn", []byte(`{`)); !errors.As(err, &invalid) {
		t.Errorf("no JSON: %v", err)
	}
	var tooLarge *types.RequestTooLargeException
	if err := invoke("fn", make([]byte, maxPayload+1)); !errors.As(err, &tooLarge) {
		t.Errorf("too large: %v", err)
	}
}

func TestAPI_InvokesVersionsAndAliases(t *testing.T) {
	s, _ := startService(t, nil)
	s.AddQualifier("fn", "1", "1")
	s.AddQualifier("fn", "live", "1")
	c := client(s)
	const arn = "arn:aws:lambda:us-east-1:000000000000:function:fn"
	for _, test := range []struct{ function, qualifier, version, arn string }{
		{"fn", "", "$LATEST", arn},
		{"fn", "$LATEST", "$LATEST", arn + ":$LATEST"},
		{"fn", "live", "1", arn + ":live"},
		{"fn:live", "", "1", arn + ":live"},
		{"fn:live", "live", "1", arn + ":live"},
		{arn + ":1", "", "1", arn + ":1"},
	} {
		in := &lambda.InvokeInput{FunctionName: &test.function, Payload: []byte(`{"Do":"context"}`)}
		if test.qualifier != "" {
			in.Qualifier = &test.qualifier
		}
		out, err := c.Invoke(t.Context(), in)
		if err != nil || *out.ExecutedVersion != test.version ||
			!strings.Contains(string(out.Payload), `"arn":"`+test.arn+`"`) {
			t.Errorf("%+v: got %+v, %v", test, out, err)
		}
	}
	configuration, err := c.GetFunctionConfiguration(t.Context(),
		&lambda.GetFunctionConfigurationInput{FunctionName: aws.String("fn:live")})
	if err != nil || *configuration.Version != "1" || *configuration.FunctionArn != arn+":live" {
		t.Errorf("got %+v, %v", configuration, err)
	}
}

func TestAPI_RejectsWrongQualifiers(t *testing.T) {
	s, _ := startService(t, nil)
	s.AddQualifier("fn", "live", "1")
	c := client(s)
	for _, test := range []struct{ function, qualifier, code string }{
		{"fn", "2", "ResourceNotFoundException"},
		{"fn:other", "", "ResourceNotFoundException"},
		{"fn:live", "other", "InvalidParameterValueException"},
		{"fn", "a b", "ValidationException"},
		{"arn:aws:lambda:eu-west-1:000000000000:function:fn", "", "ResourceNotFoundException"},
		{"arn:aws:lambda:us-east-1:111111111111:function:fn", "", "ResourceNotFoundException"},
	} {
		for _, kind := range []types.InvocationType{
			types.InvocationTypeRequestResponse, types.InvocationTypeEvent,
			types.InvocationTypeDryRun,
		} {
			in := &lambda.InvokeInput{FunctionName: &test.function, InvocationType: kind}
			if test.qualifier != "" {
				in.Qualifier = &test.qualifier
			}
			_, err := c.Invoke(t.Context(), in)
			if failure, ok := errors.AsType[smithy.APIError](err); !ok ||
				failure.ErrorCode() != test.code {
				t.Errorf("%+v, %s: got %v", test, kind, err)
			}
		}
	}
}

func TestAPI_LimitsAsynchronousPayloads(t *testing.T) {
	s, _ := startService(t, nil)
	c := client(s)
	for size, accepted := range map[int]bool{maxAsyncPayload: true, maxAsyncPayload + 1: false} {
		payload := fmt.Sprintf(`{"Do":"echo","Text":"%s"}`, strings.Repeat("x", size-23))
		_, err := c.Invoke(t.Context(), &lambda.InvokeInput{
			FunctionName: aws.String("fn"), Payload: []byte(payload),
			InvocationType: types.InvocationTypeEvent,
		})
		_, tooLarge := errors.AsType[*types.RequestTooLargeException](err)
		if len(payload) != size || accepted != (err == nil) || accepted == tooLarge {
			t.Errorf("%d bytes: got %v", len(payload), err)
		}
	}
}

func TestAPI_DescribesFunctions(t *testing.T) {
	s, _ := startService(t, nil)
	c := client(s)
	one, err := c.GetFunctionConfiguration(t.Context(),
		&lambda.GetFunctionConfigurationInput{FunctionName: aws.String("fn")})
	if err != nil || *one.MemorySize != 256 || *one.Timeout != 60 ||
		one.State != types.StateActive {
		t.Errorf("got %+v, %v", one, err)
	}
	function, err := c.GetFunction(t.Context(),
		&lambda.GetFunctionInput{FunctionName: aws.String("fn")})
	if err != nil || *function.Configuration.FunctionName != "fn" {
		t.Errorf("got %+v, %v", function, err)
	}
	all, err := c.ListFunctions(t.Context(), &lambda.ListFunctionsInput{})
	if err != nil || len(all.Functions) != 1 {
		t.Errorf("got %+v, %v", all, err)
	}
}

func TestAPI_DoesNotCancelAnInvocationWhenTheClientGoesAway(t *testing.T) {
	s, _ := startService(t, func(c *Config, _ *Function) { c.MaxSandboxes = 1 })
	gone := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		context.AfterFunc(r.Context(), func() { close(gone) })
		s.ServeHTTP(w, r)
	}))
	defer server.Close()
	slots := s.functions["fn"].slots
	slots <- struct{}{} // the invocation waits for this slot
	connection, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	const body = `{"Do":"echo","Text":"a"}`
	fmt.Fprintf(connection, "POST /2015-03-31/functions/fn/invocations HTTP/1.1\r\nHost: a\r\n"+
		"Content-Length: %d\r\n\r\n%s", len(body), body)
	if err := connection.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	<-gone
	<-slots
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("got %+v, %v", response, err)
	}
}
