package dynamodb

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// events is a table whose requests get the answers in turn, and the last one for ever.
func events(t *testing.T, answers ...string) (e Items, requests *int) {
	t.Helper()
	requests = new(int)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, answers[min(*requests, len(answers)-1)])
		*requests++
	}))
	t.Cleanup(server.Close)
	return NewItems(aws.Config{
		Region: "us-east-1", BaseEndpoint: &server.URL, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	}, "events"), requests
}

const item = `{"pk":{"S":"EVENT#%s"},"status":{"S":"ENQUEUED"}}`

func TestGetMany_AsksAgainForWhatAThrottledTableLeft(t *testing.T) {
	e, requests := events(t,
		fmt.Sprintf(`{"Responses":{"events":[`+item+`]},"UnprocessedKeys":{"events":{"Keys":[{"pk":{"S":"EVENT#b"}}]}}}`, "a"),
		fmt.Sprintf(`{"Responses":{"events":[`+item+`]}}`, "b"))
	items, err := e.GetMany(t.Context(), []string{"a", "b"})
	if err != nil || len(items) != 2 || *requests != 2 {
		t.Errorf("got %v, %v after %d requests", items, err, *requests)
	}
}

func TestGetMany_GivesUpOnATableThatStaysThrottled(t *testing.T) {
	e, requests := events(t, `{"UnprocessedKeys":{"events":{"Keys":[{"pk":{"S":"EVENT#a"}}]}}}`)
	if _, err := e.GetMany(t.Context(), []string{"a"}); err == nil || *requests != maxRounds {
		t.Errorf("got %v after %d requests", err, *requests)
	}
}

func TestGetMany_PassesOverAnItemThatItCannotRead(t *testing.T) {
	e, _ := events(t, fmt.Sprintf(`{"Responses":{"events":[{"pk":{"S":"EVENT#a"},"receivedAt":{"S":"yesterday"}},`+item+`]}}`, "b"))
	items, err := e.GetMany(t.Context(), []string{"a", "b"})
	if _, ok := items["b"]; err != nil || len(items) != 1 || !ok {
		t.Errorf("got %v, %v; want b alone", items, err)
	}
}

func TestReads_AreConsistent(t *testing.T) {
	var bodies []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies = append(bodies, string(body))
		io.WriteString(w, fmt.Sprintf(`{"Item":`+item+`}`, "a"))
	}))
	defer server.Close()
	e := NewItems(aws.Config{
		Region: "us-east-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	}, "events")
	if _, err := e.Get(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if _, err := e.GetMany(t.Context(), []string{"a"}); err != nil {
		t.Fatal(err)
	}
	for _, body := range bodies {
		if !strings.Contains(body, `"ConsistentRead":true`) {
			t.Errorf("request %s", body)
		}
	}
	if len(bodies) != 2 {
		t.Errorf("%d requests", len(bodies))
	}
}

func TestGet_RefusesAnItemThatItCannotRead(t *testing.T) {
	e, _ := events(t, `{"Item":{"pk":{"S":"EVENT#a"},"receivedAt":{"S":"yesterday"}}}`)
	if got, err := e.Get(t.Context(), "a"); err == nil {
		t.Errorf("got %+v", got)
	}
}
