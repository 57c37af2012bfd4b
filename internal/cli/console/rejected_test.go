package console

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"strings"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/activity"
)

// rejected returns the step of a request that the API rejected.
func rejected(response, body string) activity.Step {
	return activity.Step{Name: activity.Request, Source: "api", Details: []activity.Detail{
		{Name: "status", Value: []byte("422")}, activity.StringDetail("path", "/events"),
		activity.StringDetail("body", body),
		{Name: "bodyBytes", Value: json.RawMessage(fmt.Sprint(len(body)))},
		activity.StringDetail("response", response),
	}}
}

func TestRejected_ShowsEachViolation(t *testing.T) {
	w := newWorld(t, Options{Local: true})
	w.Record(rejected(`{"title":"Invalid events","errors":[{"index":1,"pointer":"/a","violations":[
		{"pointer":"/a","detail":"must be a number"},{"detail":"no <id>"}]}]}`, `[{},{"a":"b"}]`))
	_, html := w.get(t, "/Orders/refused")
	for _, want := range []string{
		"<li>must be a number, at <code>/1/a</code></li>",
		"<li>no &lt;id&gt;, at <code>/1</code></li>",
	} {
		if !strings.Contains(html, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if n := strings.Count(html, ">faulty<"); n != 2 {
		t.Errorf("%d values are marked, want /1 and /1/a", n)
	}
}

func TestRejected_ShowsTheStartOfALargeBody(t *testing.T) {
	w := newWorld(t, Options{Local: true})
	body := `{"a":"` + strings.Repeat("x", 60<<10) + `"}`
	w.Record(rejected(`{}`, body))
	_, html := w.get(t, "/Orders/refused")
	if len(html) > 16<<10 || !strings.Contains(html, "The page shows the first 2.0 KiB.") {
		t.Errorf("the page has %d bytes", len(html))
	}
	_, path, _ := strings.Cut(html, `<a href="/Orders/refused/`)
	path, _, _ = strings.Cut(path, `"`)
	if status, got := w.get(t, "/Orders/refused/"+path); status != 200 || got != body {
		t.Errorf("the link answers %d with %d bytes", status, len(got))
	}
	for range maxRejectedViews {
		w.Record(rejected(`{}`, `{"a":"`+strings.Repeat("x", maxRejectedTree-99)+`"}`))
	}
	if _, html := w.get(t, "/Orders/refused"); len(html) > 2<<20 {
		t.Errorf("the page has %d bytes", len(html))
	}
}

func TestRejected_ShowsACommandWhileItIsEmpty(t *testing.T) {
	w := newWorld(t, Options{
		Local: true, Curl: func(context.Context, deployment.Pipeline) string { return "curl" },
	})
	_, page := w.get(t, "/Orders/refused")
	if want := html.EscapeString(`curl -d '` + invalidEvent + `'`); !strings.Contains(page, want) {
		t.Errorf("the page lacks %s", want)
	}
}
