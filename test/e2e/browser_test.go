package e2e

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// browserNames lists the commands of browsers that the test can run.
var browserNames = []string{"chromium", "chromium-browser", "google-chrome"}

// findBrowser returns the path of a browser. Without a browser, the test is skipped. If the
// environment variable BROWSER_REQUIRED is set, the test fails instead.
func findBrowser(t *testing.T) string {
	t.Helper()
	for _, name := range browserNames {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("BROWSER_REQUIRED") != "" {
		t.Fatalf("none of %q is on the PATH", browserNames)
	}
	t.Skipf("NOT TESTED: the API in a browser; none of %q is on the PATH", browserNames)
	return ""
}

// newBrowser returns a context in which chromedp starts a browser. It closes the browser at the end
// of the test.
func newBrowser(t *testing.T) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(findBrowser(t)),
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WSURLReadTimeout(waitTimeout))
	ctx, cancel := chromedp.NewExecAllocator(beforeDeadline(t), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(func() {
		// Cancel waits until the browser's processes have ended. Otherwise, they could still write
		// into the browser's folder while the folder is removed.
		_ = chromedp.Cancel(ctx)
		cancel()
	})
	return ctx
}

// A page of another origin sends events. The browser applies the rules of CORS.
func TestBrowser_SendsEvents(t *testing.T) {
	browser := newBrowser(t)
	p := startTestApp(t, "browser")
	results := make(chan []byte, 1)
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/results" {
			http.ServeFile(w, r, "testdata/browser.html")
			return
		}
		var body json.RawMessage
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		results <- body
	}))
	t.Cleanup(page.Close)
	err := chromedp.Run(browser, chromedp.Navigate(page.URL+"/?api="+url.QueryEscape(p.API)))
	if err != nil {
		t.Fatal(err)
	}
	var text []byte
	select {
	case text = <-results:
	case <-time.After(waitTimeout):
	}
	if text == nil {
		t.Error("the page did not report its results")
	} else {
		wantResults(t, text)
		// The page can't read the response to a beacon, so the test searches Bronze for the event.
		waitUntil(t, func() string {
			for _, key := range p.listKeys(t, "BronzeBucketName", "bronze/browser/") {
				at := map[string]any{"bucket": p.Outputs["BronzeBucketName"], "key": key}
				if strings.Contains(p.readObject(t, at), `"beacon"`) {
					return ""
				}
			}
			return "the beacon's event is not in Bronze"
		})
	}
}

func wantResults(t *testing.T, text []byte) {
	t.Helper()
	type response struct {
		Status   any
		Replayed string
		EventID  string
		Type     string
	}
	var results map[string]json.RawMessage
	if err := json.Unmarshal(text, &results); err != nil {
		t.Fatal(err)
	}
	responses := map[string]response{}
	for name, result := range results {
		var a response
		if json.Unmarshal(result, &a) == nil {
			responses[name] = a
		}
	}
	for _, name := range []string{
		"json", "text", "keyed", "again", "gzip", "structured", "binary",
	} {
		if responses[name].EventID == "" {
			t.Errorf("%s: got %s", name, results[name])
		}
	}
	if responses["again"].EventID != responses["keyed"].EventID ||
		responses["again"].Replayed != "true" {
		t.Errorf("the same key again: got %s, want %s", results["again"], results["keyed"])
	}
	if !strings.HasSuffix(responses["problem"].Type, ":missing-event-type") {
		t.Errorf("problem: got %s", results["problem"])
	}
	if string(results["beacon"]) != "true" || string(results["read"]) != `"browser"` {
		t.Errorf("beacon %s, status %s", results["beacon"], results["read"])
	}
	if !strings.Contains(string(results["otherHeader"]), "TypeError") {
		t.Errorf("the browser must not send x-other, got %s", results["otherHeader"])
	}
}
