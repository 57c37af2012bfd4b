package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/client"
)

var (
	event  = []byte(`{"eventType":"a","n":1}`)
	events = [][]byte{event, []byte(`{"eventType":"a","n":2}`)}
)

// sendBoth calls Send and SendBatch, each with a new API. It returns a map from a method's
// name to its error.
func sendBoth(t *testing.T, newAPI func() *api, o client.Options) map[string]error {
	t.Helper()
	failed := make(map[string]error)
	for name, send := range map[string]func(c *client.Client) error{
		"Send": func(c *client.Client) error {
			_, err := c.Send(t.Context(), event)
			return err
		},
		"SendBatch": func(c *client.Client) error {
			_, err := c.SendBatch(t.Context(), events)
			return err
		},
	} {
		a := newAPI()
		err := send(newClient(t, a, o))
		failed[name] = err
		if keys := a.keys(); len(slices.Compact(keys)) != 1 {
			t.Errorf("%s: the attempts have the keys %q", name, keys)
		}
		want := map[string]int{"Send": 1, "SendBatch": 2}[name]
		if err == nil && len(a.accepted) != want {
			t.Errorf("%s: the API accepted %q", name, a.accepted)
		}
	}
	return failed
}

func TestClient_RetriesUntilTheEventsAreAccepted(t *testing.T) {
	for name, fault := range map[string]func(a *api, w http.ResponseWriter, r *http.Request){
		"the answer is lost": func(a *api, _ http.ResponseWriter, r *http.Request) {
			a.loseResponse(r)
		},
		"the connection is reset in the middle of the request": func(
			_ *api, _ http.ResponseWriter, r *http.Request,
		) {
			_, _ = io.ReadFull(r.Body, make([]byte, 5))
			panic(http.ErrAbortHandler)
		},
		"the connection is reset in the middle of the answer": func(
			a *api, w http.ResponseWriter, r *http.Request,
		) {
			a.serve(httptest.NewRecorder(), r)
			w.Header().Set("Content-Length", "100")
			w.WriteHeader(http.StatusAccepted)
			_, _ = io.WriteString(w, `{"status":"acc`)
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		},
		"the API is throttled": func(_ *api, w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusTooManyRequests)
		},
		"API Gateway gets no answer in time": func(a *api, w http.ResponseWriter, r *http.Request) {
			a.serve(httptest.NewRecorder(), r)
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, `{"message":"Service Unavailable"}`)
		},
		"a proxy fails": func(_ *api, w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadGateway)
		},
	} {
		t.Run(name, func(t *testing.T) {
			newAPI := func() *api {
				a := new(api)
				a.fault = func(attempt int, w http.ResponseWriter, r *http.Request) bool {
					if attempt > 2 {
						return false
					}
					fault(a, w, r)
					return true
				}
				return a
			}
			for method, err := range sendBoth(t, newAPI, client.Options{}) {
				if err != nil {
					t.Errorf("%s: %v", method, err)
				}
			}
		})
	}
}

func TestClient_RetriesAConnectionThatIsRefused(t *testing.T) {
	var a api
	server := httptest.NewUnstartedServer(&a)
	address := server.Listener.Addr().String()
	server.Listener.Close()
	refused := 0
	c, err := client.New("http://"+address, client.Options{
		MinBackoff: time.Millisecond, MaxAttempts: 3,
		Token: func(context.Context) (string, error) { refused++; return "token", nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Send(t.Context(), event)
	var failure *client.SendError
	if !errors.As(err, &failure) || failure.Attempts != 3 || failure.MayBeAccepted || refused != 3 {
		t.Errorf("got %+v after %d attempts", failure, refused)
	}
}

// If an idle connection breaks, net/http itself sends the request again on another connection.
func TestSendError_ConsidersTheRetriesOfNetHTTP(t *testing.T) {
	server := httptest.NewUnstartedServer(nil)
	server.Config.Handler = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			server.Listener.Close()
			panic(http.ErrAbortHandler)
		}
	})
	server.Start()
	defer server.Close()
	c, err := client.New(server.URL, client.Options{MaxAttempts: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Ping(t.Context()); err != nil { // keeps its connection
		t.Fatal(err)
	}
	_, err = c.Send(t.Context(), event)
	var failure *client.SendError
	if !errors.As(err, &failure) || !failure.MayBeAccepted {
		t.Errorf("got %+v, want MayBeAccepted", failure)
	}
}

func TestClient_DoesNotRetryWhatARetryWouldNotChange(t *testing.T) {
	for _, status := range []int{
		http.StatusTemporaryRedirect, 400, 401, 403, 404, 413, 415, 422, 501,
	} {
		newAPI := func() *api {
			return &api{fault: func(attempt int, w http.ResponseWriter, r *http.Request) bool {
				if attempt > 1 {
					t.Errorf("status %d: the request was repeated", status)
				}
				w.Header().Set("Location", "/events")
				w.WriteHeader(status)
				return true
			}}
		}
		for method, err := range sendBoth(t, newAPI, client.Options{}) {
			var problem *client.Problem
			if !errors.As(err, &problem) || problem.Status != status {
				t.Errorf("%s: got %v, want status %d", method, err, status)
			}
		}
	}
}

// If the context ends before the HTTP client looks for a connection, the API received nothing.
func TestSendError_OfARequestWithoutConnection(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	token := func(context.Context) (string, error) { return "token", nil }
	c := newClient(t, http.NotFoundHandler(), client.Options{
		Token: func(ctx context.Context) (string, error) { return token(ctx) },
	})
	_, _ = c.Send(ctx, event) // shows that the HTTP client supports httptrace
	token = func(context.Context) (string, error) { cancel(); return "token", nil }
	_, err := c.Send(ctx, event)
	var failure *client.SendError
	if !errors.As(err, &failure) || failure.MayBeAccepted {
		t.Errorf("got %+v, want an error of an event that is not accepted", err)
	}
}

func TestSendError_ReportsWhetherTheEventsMayBeAccepted(t *testing.T) {
	respondWith := func(statuses ...int) func() *api {
		return func() *api {
			a := new(api)
			a.fault = func(attempt int, w http.ResponseWriter, r *http.Request) bool {
				status := statuses[min(attempt, len(statuses))-1]
				if status == 0 {
					a.loseResponse(r)
				}
				w.WriteHeader(status)
				return true
			}
			return a
		}
	}
	for name, test := range map[string]struct {
		newAPI        func() *api
		mayBeAccepted bool
		attempts      int
	}{
		"always throttled":            {respondWith(429), false, 3},
		"rejected":                    {respondWith(422), false, 1},
		"throttled and then rejected": {respondWith(429, 403), false, 2},
		"always unavailable":          {respondWith(503), true, 3},
		"no response":                 {respondWith(0), true, 3},
		"lost and then throttled":     {respondWith(0, 429), true, 3},
		"lost and then rejected":      {respondWith(0, 403), true, 2},
	} {
		for method, err := range sendBoth(t, test.newAPI, client.Options{MaxAttempts: 3}) {
			var failure *client.SendError
			if !errors.As(err, &failure) || failure.MayBeAccepted != test.mayBeAccepted ||
				failure.Attempts != test.attempts {
				t.Errorf("%s, %s: got %+v", name, method, failure)
			}
		}
	}
}

// attemptTimes returns the times of the attempts of a Send, relative to the first attempt.
func attemptTimes(
	t *testing.T, ctx context.Context, o client.Options, header http.Header,
) ([]time.Duration, error) {
	t.Helper()
	start := time.Now()
	var times []time.Duration
	c := newDirectClient(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		times = append(times, time.Since(start))
		for name := range header {
			w.Header().Set(name, header.Get(name))
		}
		w.WriteHeader(http.StatusServiceUnavailable)
	}), o)
	_, err := c.Send(ctx, event)
	return times, err
}

func TestClient_WaitsLongerAfterEachAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := client.Options{MinBackoff: time.Second, MaxBackoff: 5 * time.Second, MaxAttempts: 6}
		times, _ := attemptTimes(t, t.Context(), o, nil)
		longest := []time.Duration{1, 2, 4, 5, 5}
		if len(times) != len(longest)+1 {
			t.Fatalf("attempts at %v", times)
		}
		for i, limit := range longest {
			limit *= time.Second
			if wait := times[i+1] - times[i]; wait < limit/2 || wait > limit {
				t.Errorf("wait %d is %s, want %s to %s", i, wait, limit/2, limit)
			}
		}
	})
}

// Clients that fail at the same time must retry at different times.
func TestClient_WaitsForARandomTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var waits []time.Duration
		for range 50 {
			o := client.Options{MinBackoff: time.Second, MaxAttempts: 2}
			times, _ := attemptTimes(t, t.Context(), o, nil)
			waits = append(waits, times[1])
		}
		if spread := slices.Max(waits) - slices.Min(waits); spread < 100*time.Millisecond {
			t.Errorf("50 waits differ by %s", spread)
		}
	})
}

func TestClient_WaitsAsLongAsTheAPIAsks(t *testing.T) {
	for _, format := range []string{"seconds", "date"} {
		synctest.Test(t, func(t *testing.T) {
			value := "60"
			if format == "date" {
				value = time.Now().Add(60 * time.Second).UTC().Format(http.TimeFormat)
			}
			o := client.Options{MaxBackoff: 10 * time.Second, MaxAttempts: 2}
			times, err := attemptTimes(t, t.Context(), o, http.Header{"Retry-After": {value}})
			var problem *client.Problem
			if !errors.As(err, &problem) {
				t.Errorf("got %v", err)
			}
			if len(times) != 2 || times[1] < 60*time.Second || times[1] > 70*time.Second {
				t.Errorf("Retry-After %s: attempts at %v", value, times)
			}
		})
	}
}

func TestClient_DoesNotWaitBeyondTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		start := time.Now()
		_, err := attemptTimes(t, ctx, client.Options{}, http.Header{"Retry-After": {"60"}})
		if err == nil || time.Since(start) != 0 {
			t.Errorf("got %v after %s", err, time.Since(start))
		}
	})
}

func TestClient_StopsWaitingWhenTheContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(10*time.Second, cancel)
		start := time.Now()
		_, err := attemptTimes(t, ctx, client.Options{}, http.Header{"Retry-After": {"60"}})
		var problem *client.Problem
		if !errors.Is(err, context.Canceled) || !errors.As(err, &problem) ||
			time.Since(start) != 10*time.Second {
			t.Errorf("got %v after %s", err, time.Since(start))
		}
	})
}
