package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// newItems returns an Items that gets the given responses from DynamoDB, in order. The last
// response also answers all later requests.
func newItems(t *testing.T, responses ...string) (items Items, requests *int) {
	t.Helper()
	requests = new(int)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, responses[min(*requests, len(responses)-1)])
		*requests++
	}))
	t.Cleanup(server.Close)
	return NewItems(aws.Config{
		Region: "us-east-1", BaseEndpoint: &server.URL, Retryer: newRetryer,
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	}, "events"), requests
}

const (
	item        = `{"pk":{"S":"EVENT#%s"},"status":{"S":"ENQUEUED"}}`
	invalid     = `{"pk":{"S":"EVENT#a"},"receivedAt":{"S":"yesterday"}}`
	unprocessed = `"UnprocessedKeys":{"events":{"Keys":[{"pk":{"S":"EVENT#%s"}}]}}`
)

const maxAttempts = 4

func newRetryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts, o.Backoff = maxAttempts, retry.BackoffDelayerFunc(
			func(int, error) (time.Duration, error) { return 0, nil })
	})
}

func TestGetMany_RequestsUnprocessedKeysAgain(t *testing.T) {
	items, requests := newItems(t,
		fmt.Sprintf(`{"Responses":{"events":[`+item+`]},`+unprocessed+`}`, "a", "b"),
		fmt.Sprintf(`{"Responses":{"events":[`+item+`]}}`, "b"))
	got, err := items.GetMany(t.Context(), []string{"a", "b"})
	if err != nil || len(got) != 2 || *requests != 2 {
		t.Errorf("got %v, %v after %d requests", got, err, *requests)
	}
}

func TestGetMany_FailsIfKeysStayUnprocessed(t *testing.T) {
	items, requests := newItems(t, fmt.Sprintf(`{`+unprocessed+`}`, "a"))
	if _, err := items.GetMany(t.Context(), []string{"a"}); err == nil || *requests != maxAttempts {
		t.Errorf("got %v after %d requests", err, *requests)
	}
}

func TestGetMany_OmitsItemsThatCannotBeDecoded(t *testing.T) {
	items, _ := newItems(t, fmt.Sprintf(`{"Responses":{"events":[`+invalid+`,`+item+`]}}`, "b"))
	got, err := items.GetMany(t.Context(), []string{"a", "b"})
	if _, ok := got["b"]; err != nil || len(got) != 1 || !ok {
		t.Errorf("got %v, %v; want only b", got, err)
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
	items := NewItems(aws.Config{
		Region: "us-east-1", BaseEndpoint: &server.URL,
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	}, "events")
	if _, err := items.Get(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if _, err := items.GetMany(t.Context(), []string{"a"}); err != nil {
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

func TestGet_FailsIfTheItemCannotBeDecoded(t *testing.T) {
	items, _ := newItems(t, `{"Item":`+invalid+`}`)
	if got, err := items.Get(t.Context(), "a"); err == nil {
		t.Errorf("got %+v", got)
	}
}

func TestGetMany_StopsWaitingForUnprocessedKeysWhenItsContextEnds(t *testing.T) {
	items, requests := newItems(t, fmt.Sprintf(`{`+unprocessed+`}`, "a"))
	ctx, cancel := context.WithCancel(t.Context())
	retryer := retry.NewStandard(func(o *retry.StandardOptions) {
		o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) {
			cancel()
			return time.Hour, nil
		})
	})
	items.client = dynamodb.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: items.client.Options().BaseEndpoint,
		Retryer:     func() aws.Retryer { return retryer },
		Credentials: items.client.Options().Credentials,
	})
	_, err := items.GetMany(ctx, []string{"a"})
	if !errors.Is(err, errUnprocessed) || *requests != 1 {
		t.Errorf("got %v after %d requests", err, *requests)
	}
}
