package e2e

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/inspector"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/console"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/activity"
)

// tab is a page of the console in a real browser.
type tab struct {
	ctx  context.Context
	base string // URL of the pipeline's overview, without the slash at the end

	mu       sync.Mutex
	problems []string // errors of scripts, dialogs, and violations of the content security policy
}

// openTab opens the console in a browser. It closes the browser at the end of the test.
func openTab(t *testing.T, url string) *tab {
	t.Helper()
	ctx := newBrowser(t)
	b := &tab{ctx: ctx}
	chromedp.ListenTarget(ctx, b.watch)
	if err := chromedp.Run(ctx); err != nil { // starts the browser
		t.Fatal(err)
	}
	b.do(t, cdplog.Enable(), chromedp.Navigate(url), chromedp.WaitVisible("#main h1"),
		chromedp.Location(&b.base))
	b.base = strings.TrimSuffix(b.base, "/")
	t.Cleanup(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, problem := range b.problems {
			t.Errorf("in the browser: %s", problem)
		}
	})
	return b
}

// expectedErrors lists errors that the tests cause in the browser's log. For example, the tests
// request missing pages and restart the console.
var expectedErrors = []string{
	"401", "404", "422", "502", "ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED",
}

func (b *tab) watch(event any) {
	problem := ""
	switch event := event.(type) {
	case *runtime.EventExceptionThrown:
		problem = event.ExceptionDetails.Error()
	case *inspector.EventTargetCrashed:
		problem = "the page crashed"
	case *page.EventJavascriptDialogOpening:
		problem = "an event opened a dialog: " + event.Message
	case *cdplog.EventEntryAdded:
		isExpected := func(text string) bool { return strings.Contains(event.Entry.Text, text) }
		if event.Entry.Level == cdplog.LevelError &&
			!slices.ContainsFunc(expectedErrors, isExpected) {
			problem = event.Entry.Text + " " + event.Entry.URL
		}
	}
	if problem != "" {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.problems = append(b.problems, problem)
	}
}

func (b *tab) do(t *testing.T, actions ...chromedp.Action) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, waitTimeout)
	defer cancel()
	if err := chromedp.Run(ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

func (b *tab) open(t *testing.T, path string) {
	t.Helper()
	b.do(t, chromedp.Navigate(b.base+path), chromedp.WaitReady("#main"))
}

// eval returns the value of a JavaScript expression.
func eval[T any](t *testing.T, b *tab, expression string) (value T) {
	t.Helper()
	b.do(t, chromedp.Evaluate(expression, &value))
	return value
}

// waitForFrame waits until the browser draws the page again.
func (b *tab) waitForFrame(t *testing.T) {
	t.Helper()
	const frame = `new Promise((resolve) => requestAnimationFrame(() => resolve()))`
	b.do(t, chromedp.Evaluate(frame, nil,
		func(p *runtime.EvaluateParams) *runtime.EvaluateParams {
			return p.WithAwaitPromise(true)
		}))
}

// wait waits until the element that matches the selector contains the text.
func (b *tab) wait(t *testing.T, selector, text string) {
	t.Helper()
	var got string
	waitUntil(t, func() string {
		expression := fmt.Sprintf(
			`((document.querySelector(%q) || {}).textContent || "").replace(/\s+/g, " ")`, selector)
		err := chromedp.Run(b.ctx, chromedp.Evaluate(expression, &got))
		switch {
		case b.ctx.Err() != nil:
			t.Fatalf("%s lacks %q: %.2000s: %v", selector, text, got, err)
		case err != nil: // the page can still be loading
			return err.Error()
		}
		if strings.Contains(got, text) {
			return ""
		}
		return fmt.Sprintf("%s lacks %q: %.2000s", selector, text, got)
	})
}

// click clicks an element as soon as it exists, even if the page is still loading. One script finds
// and clicks the element, because the page can replace the element at any time.
func (b *tab) click(t *testing.T, xpath string) {
	t.Helper()
	waitUntil(t, func() string {
		if eval[bool](t, b, fmt.Sprintf(`(() => {
			const found = document.evaluate(%q, document, null, 9, null).singleNodeValue;
			if (!found || found.disabled) return false;
			found.click();
			return true;
		})()`, xpath)) {
			return ""
		}
		return "there is no element " + xpath
	})
}

// clickTwice double-clicks the middle of an element. The first click opens another page, so the
// second click hits that page.
func (b *tab) clickTwice(t *testing.T, xpath string) {
	t.Helper()
	b.do(t, chromedp.WaitEnabled(xpath), chromedp.ScrollIntoView(xpath))
	at := eval[[]float64](t, b, fmt.Sprintf(`(() => {
		const found = document.evaluate(%q, document, null, 9, null).singleNodeValue;
		const r = found.getBoundingClientRect();
		return [r.x + r.width / 2, r.y + r.height / 2];
	})()`, xpath))
	before := eval[string](t, b, `location.pathname`)
	b.do(t, chromedp.MouseClickXY(at[0], at[1], chromedp.ClickCount(1)))
	waitUntil(t, func() string {
		if eval[string](t, b, `location.pathname`) == before {
			return "the click opened no page"
		}
		return ""
	})
	b.do(t, chromedp.WaitReady("#main"),
		chromedp.MouseClickXY(at[0], at[1], chromedp.ClickCount(2)))
}

// badInputEvent returns an event that an attacker can send. It contains markup, characters that
// change the direction of text, deeply nested arrays, a large field and a long number.
func badInputEvent() string {
	const markup = `<script>alert(1)</script><img src=x onerror=alert(2)>\u202eevil\u2066`
	return `{"eventType":"console.badinput","` + markup + `":"` + markup + `","deep":` +
		strings.Repeat(`[`, 55) + strings.Repeat(`]`, 55) +
		`,"big":1234567890123456789012345678901,"large":"` + strings.Repeat("<b>x", 200_000) + `"}`
}

// testConsole uses each page of the console as a user does.
func testConsole(t *testing.T, p *platform) {
	b := openTab(t, p.Console)
	b.open(t, "/events")
	b.do(t, chromedp.WaitVisible("#live.on"))
	// The page must show new events without a reload.
	eval[any](t, b, `window.isSamePage = true`)
	id := p.accept(t, `{"eventType":"console.order","orderId":"7","currency":"EUR",
		"lines":[{"sku":"tea","quantity":2,"cents":350},{"sku":"milk","quantity":1,"cents":99}]}`)
	b.wait(t, "#rows", id)
	b.wait(t, fmt.Sprintf("#rows a[data-id=%q]", id), "PROCESSED")
	if !eval[bool](t, b, `window.isSamePage === true`) {
		t.Error("the list of events was loaded again")
	}
	b.do(t, chromedp.KeyEvent("/"), chromedp.SendKeys("#search input", "no-such-event"+kb.Enter))
	b.wait(t, "#empty", "No event matches")
	p.post(t, `[{"eventType":"console.batch","n":1},{"eventType":"console.batch","n":2}]`)
	b.open(t, "/events?type=console.batch")
	b.click(t, `//button[@class="unfold"]`)
	b.wait(t, "#rows ol li:nth-child(2) .id", ".1")
	b.click(t, `//button[@class="unfold"]`)
	b.do(t, chromedp.WaitNotPresent("#rows ol"))

	b.open(t, "/replay")
	b.do(t, chromedp.KeyEvent("/"), chromedp.WaitVisible("#rows"))
	waitUntil(t, func() string { // until the user can type
		return eval[string](t, b, `document.activeElement.name === "q" ? "" : "no focus"`)
	})
	b.open(t, "/events?type=console.order")
	b.do(t, chromedp.KeyEvent("j"), chromedp.KeyEvent(kb.Enter))
	b.wait(t, "#timeline", "Record stored in Silver")
	b.wait(t, "#data", `"console.order"`)
	b.checkPage(t, "event")
	b.click(t, `//label[contains(normalize-space(), "AWS calls")]`)
	b.wait(t, "#timeline", "dynamodb UpdateItem")
	b.click(t, `//button[normalize-space()="Replay"]`)
	b.wait(t, "#head", "replayed")
	b.wait(t, "#head .status", "PROCESSED")
	// The replay below counts the events, so the second click must not send one.
	b.clickTwice(t, `//button[normalize-space()="Send again"]`)

	b.open(t, "/send")
	b.do(t, chromedp.SetValue("textarea", `[{"eventType":"console.a"},{"eventType":"console.b"}]`))
	b.click(t, `//button[normalize-space()="Send"]`)
	b.wait(t, "#accepted", "Accepted as 2 batches")
	b.checkPage(t, "sent")
	b.do(t, chromedp.SetValue("textarea", `{"eventType":"console.order","edited":true}`))
	b.click(t, `//button[normalize-space()="Send"]`)
	b.wait(t, "#data", "edited")

	failed := p.acceptAsOlderVersion(t, `{"eventType":"console.poison","n":1e999}`)
	p.acceptAsOlderVersion(t, `{"eventType":"console.poison","n":1e998}`)
	b.open(t, "/events/"+failed)
	b.wait(t, "#failure", "unprocessable-number")
	b.click(t, `//a[contains(normalize-space(), "Discard")]`)
	b.wait(t, "#preview", "1 message would be deleted")
	b.open(t, "/events/"+failed)
	b.wait(t, "#failure", "unprocessable-number")
	b.click(t, `//button[normalize-space()="Redrive"]`)
	b.wait(t, "#timeline", "Redriven from the console")
	b.wait(t, "#head .status", "FAILED")

	waitForTwoDeadLetters := func() {
		t.Helper()
		waitUntil(t, func() string {
			b.open(t, "/deadletters?type=console.poison")
			text := eval[string](t, b,
				`document.querySelector("main").textContent.replace(/\s+/g, " ")`)
			if !strings.Contains(text, "2 messages match") {
				return "the DLQ does not hold two messages: " + text
			}
			return ""
		})
	}
	waitForTwoDeadLetters()
	b.checkPage(t, "deadletters")
	b.click(t, `//section[@id="list"]//a[contains(normalize-space(), "Redrive")]`)
	b.wait(t, "#preview", "2 messages would be moved back to the queue")
	b.click(t, `//button[contains(normalize-space(), "Redrive 2 messages")]`)
	b.wait(t, "#jobs", "Redriven2")
	waitForTwoDeadLetters() // the events have failed again
	b.click(t, `//section[@id="list"]//a[contains(normalize-space(), "Discard")]`)
	b.click(t, `//button[contains(normalize-space(), "Discard 2 messages")]`)
	b.wait(t, "#jobs", "Discarded2")

	p.post(t, `{"eventType":"console.order","n":{"m":1e400}}`)
	b.open(t, "/refused")
	b.wait(t, ".refused .faulty", "1e400")
	b.checkPage(t, "refused")

	b.open(t, "/replay?type=console.order&from=1h")
	b.click(t, `//button[normalize-space()="Dry run"]`)
	b.wait(t, "#jobs", "To replay3")
	b.do(t, chromedp.SendKeys(`input[name="rate"]`, "9"))
	b.do(t, chromedp.WaitNotVisible(`.ifunedited`), chromedp.WaitVisible(`.ifedited`))
	b.open(t, "/replay")
	b.click(t, `//button[normalize-space()="Replay 3 events"]`)
	b.wait(t, "#jobs", "Replayed3")
	b.wait(t, "#jobs", "Out of date: events may have changed")
	b.checkPage(t, "replay")
	b.open(t, "/replay?type=console.order&from=1h")
	b.click(t, `//button[contains(normalize-space(), "Compare")]`)
	b.wait(t, "#jobs .finished:first-child", "Same3")
	b.open(t, "/replay?type=console.order&from=1h&rate=0.1") // slow enough to be paused
	b.click(t, `//button[normalize-space()="Dry run"]`)
	b.wait(t, "#jobs .finished:first-child", "Dry run")
	b.click(t, `(//button[normalize-space()="Replay 3 events"])[1]`)
	b.click(t, `//button[normalize-space()="Pause"]`)
	b.wait(t, "#jobs .paused", "Replay events of type console.order")
	b.wait(t, "#jobs .paused", "Received from 20")
	b.click(t, `//button[normalize-space()="Resume"]`)
	b.wait(t, "#jobs .finished:first-child", "Replayed3")
	b.open(t, "/no-such-page")
	b.wait(t, "#error", "Choose a page above.")
	b.checkPage(t, "error")

	badInput := p.accept(t, badInputEvent())
	p.waitForStatus(t, badInput, "PROCESSED")
	for name, path := range map[string]string{
		"overview": "/", "events": "/events?type=console.order", "badinput": "/events/" + badInput,
		"failed": "/events/" + failed, "send": "/send",
	} {
		b.open(t, path)
		b.checkPage(t, name)
	}
}

// checkPage checks that the page is accessible, that its controls have names, and that it fits into
// narrow and wide windows. If the environment variable CONSOLE_SCREENSHOTS names a folder,
// checkPage writes screenshots.
func (b *tab) checkPage(t *testing.T, name string) {
	t.Helper()
	folder := os.Getenv("CONSOLE_SCREENSHOTS")
	for _, width := range []int64{360, 2560, 1440} {
		b.do(t, chromedp.EmulateViewport(width, 900))
		if beyond := eval[int](t, b, `document.documentElement.scrollWidth -
			document.documentElement.clientWidth`); beyond > 0 {
			t.Errorf("%s at %d px: the page is %d px too wide", name, width, beyond)
		}
		if overlaps := eval[[]string](t, b, `
			[...document.querySelectorAll("main > *")].filter((e) => e.offsetHeight > 0)
			.filter((e, i, all) => i > 0 && e.getBoundingClientRect().top <
				all[i - 1].getBoundingClientRect().bottom - 1)
			.map((e) => e.id)`); len(overlaps) > 0 {
			t.Errorf("%s at %d px: %q overlap the part above", name, width, overlaps)
		}
		for _, theme := range []string{"light", "dark"} {
			if folder != "" && width < 2000 {
				file := fmt.Sprintf("%s-%d-%s.png", name, width, theme)
				b.screenshot(t, filepath.Join(folder, file), theme)
			}
		}
	}
	nameless := eval[int](t, b, `
		[...document.querySelectorAll('button, a, input, select, textarea, svg')]
		.filter((e) => e.type !== 'hidden' && !e.hasAttribute('aria-hidden'))
		.filter((e) => !(e.textContent.trim() || e.ariaLabel || e.labels && e.labels.length))
		.length`)
	if nameless > 0 {
		t.Errorf("%s: %d controls have no name", name, nameless)
	}
	b.checkAccessibility(t, name, 360, "dark")
	b.checkAccessibility(t, name, 1440, "light")
}

func (b *tab) screenshot(t *testing.T, file, theme string) {
	t.Helper()
	var image []byte
	b.do(t, emulateTheme(theme), chromedp.FullScreenshot(&image, 100))
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, image, 0o600); err != nil {
		t.Fatal(err)
	}
}

// serveConsole serves a console at an address. The console shows one pipeline, Many.
func serveConsole(t *testing.T, address string) (*console.Server, net.Listener) {
	t.Helper()
	server := console.New(console.Options{
		Local: true, Watch: true,
		Command: func(words ...string) string { return strings.Join(words, " ") },
		Flags:   func(deployment.Pipeline) string { return "" },
	})
	server.SetPipelines([]deployment.Pipeline{{Name: "Many"}})
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	return server, l
}

// The list loads more rows while the user scrolls, and new events do not move the rows. After a
// restart of the console, the page asks the user to open the new URL.
func TestConsole_ListsTenThousandEvents(t *testing.T) {
	findBrowser(t)
	server, l := serveConsole(t, "127.0.0.1:0")
	record := func(n int) {
		server.Record(activity.Step{
			Time: time.Now(), Name: "processed", EventType: "many",
			EventID: fmt.Sprintf("019aaf3e-6f0b-7cc2-9c49-%012d", n),
		})
	}
	for n := range 10_000 {
		record(n)
	}
	b := openTab(t, server.URL(l))
	b.open(t, "/events")
	b.do(t, chromedp.WaitVisible("#live.on"))
	waitUntil(t, func() string {
		eval[any](t, b, `document.querySelector("#scroller").scrollTo(0, 1e9)`)
		if rows := eval[int](t, b, `document.querySelectorAll("#rows li").length`); rows < 10_000 {
			return fmt.Sprintf("%d rows", rows)
		}
		return ""
	})
	eval[any](t, b, `window.shown = document.querySelector("#rows li:nth-child(9000)")`)
	eval[any](t, b, `window.shown.scrollIntoView()`)
	before := eval[float64](t, b, `window.shown.getBoundingClientRect().top`)
	record(10_001)
	b.do(t, chromedp.WaitVisible("#newer"))
	after := eval[float64](t, b, `window.shown.getBoundingClientRect().top`)
	if shift := after - before; shift < -1 || shift > 1 {
		t.Errorf("a new event moved the rows by %g px", shift)
	}
	// Back from an event, the list is at the same place, far beyond its first rows.
	eval[any](t, b, `document.querySelector("#rows li:nth-child(9000) a").click()`)
	b.do(t, chromedp.WaitReady("#error"), chromedp.NavigateBack())
	waitUntil(t, func() string {
		position := eval[float64](t, b, `(() => {
			const row = document.querySelector("#rows a[data-id$='000000001000']");
			return row ? row.getBoundingClientRect().top : -1e9;
		})()`)
		if shift := position - before; shift < -1 || shift > 1 {
			return fmt.Sprintf("the row is %g px away from its place", shift)
		}
		return ""
	})
	record(10_002)
	b.do(t, chromedp.Click("#newer"))
	b.wait(t, "#rows li:first-child", "000000010002")
	// Too many rows make the page slow when events arrive at the top.
	if rows := eval[int](t, b, `document.querySelectorAll("#rows li").length`); rows > 500 {
		t.Errorf("%d rows", rows)
	}
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	serveConsole(t, l.Addr().String())
	b.wait(t, "main", "Open the URL that the command printed")
	waitUntil(t, func() string {
		if eval[int](t, b, `document.styleSheets.length`) == 0 {
			return "the notice has no style"
		}
		return ""
	})
}

// After a failed build, the tab "Reload" must show "failed" until a build succeeds, also while
// another page is open. The tabs must not move.
func TestConsole_TabsShowWhatNeedsAttention(t *testing.T) {
	findBrowser(t)
	server, l := serveConsole(t, "127.0.0.1:0")
	b := openTab(t, server.URL(l))
	b.open(t, "/events")
	left := func() []float64 {
		return eval[[]float64](t, b,
			`[...document.querySelectorAll("nav a")].map((a) => a.getBoundingClientRect().left)`)
	}
	before := left()
	record := func(step activity.Step) {
		step.Time = time.Now()
		server.Record(step)
	}
	record(activity.Step{Name: "changed"})
	record(activity.Step{Name: "not reloaded"})
	record(activity.Step{Name: "request", Details: []activity.Detail{
		{Name: "status", Value: []byte("400")}, {Name: "path", Value: []byte(`"/events"`)},
	}})
	b.wait(t, "#badge-reload", "failed")
	b.wait(t, "#badge-refused", "1")
	if after := left(); !slices.Equal(before, after) {
		t.Errorf("the tabs moved from %v to %v", before, after)
	}
	record(activity.Step{Name: "changed"})
	record(activity.Step{Name: "reloaded"})
	waitUntil(t, func() string {
		return eval[string](t, b, `document.querySelector("#badge-reload").textContent`)
	})
}

// New events at the top must not move the list's rows. The browser must count no layout shift, and
// the list must show the newest event.
func TestConsole_NewEventsShiftNoRows(t *testing.T) {
	findBrowser(t)
	server, l := serveConsole(t, "127.0.0.1:0")
	b := openTab(t, server.URL(l))
	n := 0
	record := func(events int) {
		for range events {
			n++
			server.Record(activity.Step{
				Time: time.Now(), Name: "processed", EventType: "shift",
				EventID: fmt.Sprintf("019aaf3e-6f0b-7cc2-9c49-%012d", n),
			})
		}
	}
	for _, width := range []int64{360, 1440} {
		b.do(t, chromedp.EmulateViewport(width, 900))
		b.open(t, "/events")
		b.do(t, chromedp.WaitVisible("#live.on"))
		eval[any](t, b, `
			window.shifts = [];
			new PerformanceObserver((list) => window.shifts.push(...list.getEntries().map((e) =>
				e.value + ": " + e.sources.map((s) => s.node && s.node.textContent).join())))
				.observe({type: "layout-shift"})`)
		for i := range 34 { // more than fit into the window
			burst := 1
			if i > 30 {
				burst = 30
			}
			record(burst)
			b.wait(t, "#rows li:first-child", fmt.Sprintf("%012d", n))
		}
		for range 100 { // a steady load, until the list has removed its oldest rows
			record(8)
			b.waitForFrame(t)
		}
		b.wait(t, "#rows li:first-child", fmt.Sprintf("%012d", n))
		waitUntil(t, func() string {
			top := eval[float64](t, b, `document.querySelector("#scroller").scrollTop`)
			if top > 0 {
				return fmt.Sprintf("the list is scrolled by %g px", top)
			}
			return ""
		})
		if shifts := eval[[]string](t, b, `window.shifts`); len(shifts) > 0 {
			t.Errorf("%d px: %d layout shifts, such as %.500s", width, len(shifts), shifts[0])
		}
	}
}
