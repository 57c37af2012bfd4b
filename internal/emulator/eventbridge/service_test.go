package eventbridge_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/eventbridge"
)

const queueARN = "arn:aws:sqs:us-east-1:000000000000:audit"

var shopPattern = json.RawMessage(`{"source":["shop"]}`)

func TestPutEvents_DeliversTheEventToTargetsOfMatchingRules(t *testing.T) {
	r := newRecorder(t)
	if err := r.CreateBus("orders"); err != nil {
		t.Fatal(err)
	}
	r.putRule(t, eventbridge.Rule{Name: "all", Bus: "orders", EventPattern: shopPattern,
		Targets: []eventbridge.Target{{ID: "queue", ARN: queueARN}}})
	r.putRule(t, eventbridge.Rule{
		Name: "others", Bus: "orders", EventPattern: json.RawMessage(`{"source":["bank"]}`),
		Targets: []eventbridge.Target{{ID: "queue", ARN: queueARN}}})
	r.putRule(t, eventbridge.Rule{
		Name: "off", Bus: "orders", EventPattern: shopPattern, Disabled: true,
		Targets: []eventbridge.Target{{ID: "queue", ARN: queueARN}}})

	response := r.call(t, "PutEvents", `{"Entries":[{
		"Source":"shop","DetailType":"Sold","Detail":"{\"a\": \"<&>\", \"b\": 1.0}",
		"Resources":["arn:x"],"Time":1800000000.5,"EventBusName":"`+r.BusARN("orders")+`"}]}`)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if response != `{"FailedEntryCount":0,"Entries":[{"EventId":"id-1"}]}` {
		t.Errorf("response %s", response)
	}
	want := `{"version":"0","id":"id-1","detail-type":"Sold","source":"shop",` +
		`"account":"000000000000","time":"2027-01-15T08:00:00Z",` +
		`"region":"us-east-1","resources":["arn:x"],"detail":{"a":"<&>","b":1.0}}`
	if !slices.Equal(r.delivered, []string{queueARN + " " + want}) {
		t.Errorf("delivered %v\nwant %s", r.delivered, want)
	}
	wantRules := []string{"arn:aws:events:us-east-1:000000000000:rule/orders/all"}
	if !slices.Equal(r.rules, wantRules) {
		t.Errorf("delivered for rules %v", r.rules)
	}
	wantEvents := []string{`{orders Sold {"a": "<&>", "b": 1.0} [all]}`}
	if !slices.Equal(r.events, wantEvents) {
		t.Errorf("OnEvent received %v", r.events)
	}
}

func TestPutEvents_RejectsOnlyInvalidEntries(t *testing.T) {
	r := newRecorder(t)
	r.putRule(t, eventbridge.Rule{
		Name: "all", EventPattern: json.RawMessage(`{"source":[{"prefix":""}]}`),
		Targets: []eventbridge.Target{{ID: "queue", ARN: queueARN}}})
	var response struct {
		FailedEntryCount int
		Entries          []struct{ EventId, ErrorCode, ErrorMessage string }
	}
	text := r.call(t, "PutEvents", `{"Entries":[
		{"Source":"shop","DetailType":"Sold","Detail":"{}"},
		{"DetailType":"Sold","Detail":"{}"},
		{"Source":"shop","Detail":"{}"},
		{"Source":"shop","DetailType":"Sold"},
		{"Source":"shop","DetailType":"Sold","Detail":"{"},
		{"Source":"shop","DetailType":"Sold","Detail":"[]"},
		{"Source":"shop","DetailType":"Sold","Detail":"null"},
		{"Source":"aws.s3","DetailType":"Sold","Detail":"{}"},
		{"Source":"shop","DetailType":"Sold","Detail":"{\"last\":true}"}]}`)
	if err := json.Unmarshal([]byte(text), &response); err != nil {
		t.Fatal(err)
	}
	var codes []string
	for _, e := range response.Entries {
		codes = append(codes, e.EventId+e.ErrorCode)
	}
	want := []string{
		"id-1", "InvalidArgument", "InvalidArgument", "InvalidArgument", "MalformedDetail",
		"MalformedDetail", "MalformedDetail", "NotAuthorizedForSourceException", "id-2",
	}
	if response.FailedEntryCount != 7 || !slices.Equal(codes, want) {
		t.Errorf("%d failed: %v", response.FailedEntryCount, codes)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if len(r.delivered) != 2 {
		t.Errorf("delivered %v", r.delivered)
	}
}

func TestPutEvents_EnforcesQuotas(t *testing.T) {
	r := newRecorder(t)
	entry := `{"Source":"shop","DetailType":"Sold","Detail":"{}"}`
	large := func(size int) string {
		detail := `{\"a\":\"` + strings.Repeat("x", size-len(`{"a":""}`)-len("shopSold")) + `\"}`
		return `{"Source":"shop","DetailType":"Sold","Detail":"` + detail + `"}`
	}
	for _, test := range []struct {
		name, entries string
		rejected      bool
	}{
		{"none", ``, true},
		{"ten", strings.Repeat(entry+",", 9) + entry, false},
		{"eleven", strings.Repeat(entry+",", 10) + entry, true},
		{"1 MiB", large(1<<19) + "," + large(1<<19), false},
		{"more than 1 MiB", large(1<<19) + "," + large(1<<19+1), true},
	} {
		response := r.call(t, "PutEvents", `{"Entries":[`+test.entries+`]}`)
		rejected := strings.Contains(response, `"__type":"ValidationException"`)
		if rejected != test.rejected {
			t.Errorf("%s: %.200s", test.name, response)
		}
	}
}

func TestTarget_ReceivesItsInputOrInputPath(t *testing.T) {
	r := newRecorder(t)
	targets := []eventbridge.Target{
		{ID: "1", ARN: "arn:input", Input: `{"fixed": true}`},
		{ID: "2", ARN: "arn:detail", InputPath: "$.detail"},
		{ID: "3", ARN: "arn:field", InputPath: "$.detail.order.id"},
		{ID: "4", ARN: "arn:absent", InputPath: "$.detail.order.id.x"},
	}
	r.putRule(t, eventbridge.Rule{Name: "all", EventPattern: shopPattern, Targets: targets})
	r.call(t, "PutEvents", `{"Entries":[
		{"Source":"shop","DetailType":"Sold","Detail":"{\"order\":{\"id\":\"7\"}}"}]}`)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(r.delivered)
	want := []string{
		`arn:detail {"order":{"id":"7"}}`, `arn:field "7"`, `arn:input {"fixed": true}`,
	}
	if !slices.Equal(r.delivered, want) {
		t.Errorf("delivered %v, want %v", r.delivered, want)
	}
	if len(r.errors) != 1 || !strings.Contains(r.errors[0], "arn:absent") {
		t.Errorf("OnError received %v", r.errors)
	}
}

func TestDelivery_IsRetriedBeforeItsErrorIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecorder(t)
		failures := map[string]int{"arn:flaky": 2, "arn:broken": 3}
		r.fail = func(arn string) error {
			if failures[arn]--; failures[arn] >= 0 {
				return errors.New("no answer")
			}
			return nil
		}
		targets := []eventbridge.Target{{ID: "1", ARN: "arn:flaky"}, {ID: "2", ARN: "arn:broken"}}
		r.putRule(t, eventbridge.Rule{Name: "all", EventPattern: shopPattern, Targets: targets})
		const entries = `{"Entries":[{"Source":"shop","DetailType":"Sold","Detail":"{}"}]}`
		r.call(t, "PutEvents", entries)
		if err := r.Close(); err != nil { // also waits for retried deliveries
			t.Fatal(err)
		}
		if len(r.delivered) != 1 || !strings.HasPrefix(r.delivered[0], "arn:flaky ") {
			t.Errorf("delivered %v", r.delivered)
		}
		want := []string{"deliver event id-1 to arn:broken: 3 attempts failed: no answer"}
		if !slices.Equal(r.errors, want) {
			t.Errorf("OnError received %v", r.errors)
		}
		if response := r.call(t, "PutEvents", entries); !strings.Contains(response, "stopping") {
			t.Errorf("response of a closed service: %s", response)
		}
	})
}

func TestPutEvents_ReportsAnUnknownBus(t *testing.T) {
	r := newRecorder(t)
	response := r.call(t, "PutEvents", `{"Entries":[
		{"Source":"shop","DetailType":"Sold","Detail":"{}","EventBusName":"absent"}]}`)
	if response != `{"FailedEntryCount":0,"Entries":[{"EventId":"id-1"}]}` {
		t.Errorf("response %s", response)
	}
	if len(r.errors) != 1 || !strings.Contains(r.errors[0], "Event bus absent does not exist") {
		t.Errorf("OnError received %v", r.errors)
	}
}

func TestPutRule_RejectsInvalidAndUnsupportedRules(t *testing.T) {
	r := newRecorder(t)
	ruleTo := func(target eventbridge.Target) eventbridge.Rule {
		targets := []eventbridge.Target{target}
		return eventbridge.Rule{Name: "r", EventPattern: shopPattern, Targets: targets}
	}
	for name, rule := range map[string]eventbridge.Rule{
		"no name":        {EventPattern: shopPattern},
		"a slash":        {Name: "bus/r", EventPattern: shopPattern},
		"no pattern":     {Name: "r"},
		"unknown bus":    {Name: "r", Bus: "absent", EventPattern: shopPattern},
		"no ARN":         ruleTo(eventbridge.Target{ID: "1", ARN: "queue"}),
		"no id":          ruleTo(eventbridge.Target{ARN: "arn:x"}),
		"bad input":      ruleTo(eventbridge.Target{ID: "1", ARN: "arn:x", Input: "{"}),
		"bad input path": ruleTo(eventbridge.Target{ID: "1", ARN: "arn:x", InputPath: "detail"}),
	} {
		if err := r.PutRule(rule); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for _, body := range []string{
		`{"Name":"r","ScheduleExpression":"rate(1 minute)"}`, `{"Name":"r"}`,
		`{"Name":"r","EventPattern":"{"}`,
		`{"Name":"r","EventPattern":"{\"source\":[\"x\"]}","State":"MAYBE"}`,
	} {
		if response := r.call(t, "PutRule", body); !strings.Contains(response, "__type") {
			t.Errorf("PutRule %s: %s", body, response)
		}
	}
	r.call(t, "PutRule", `{"Name":"r","EventPattern":"{\"source\":[\"x\"]}"}`)
	response := r.call(t, "PutTargets", `{"Rule":"r","Targets":[
		{"Id":"1","Arn":"arn:x","InputTransformer":{"InputTemplate":"x"}},
		{"Id":"2","Arn":"arn:x"}]}`)
	if !strings.Contains(response, `"FailedEntryCount":1`) ||
		!strings.Contains(response, `"TargetId":"1"`) {
		t.Errorf("PutTargets: %s", response)
	}
	response = r.call(t, "ListTargetsByRule", `{"Rule":"r"}`)
	if response != `{"Targets":[{"Id":"2","Arn":"arn:x"}]}` {
		t.Errorf("targets: %s", response)
	}
}

// recorder wraps a service and records its deliveries, events and errors.
type recorder struct {
	*eventbridge.Service
	fail func(arn string) error

	mu        sync.Mutex
	delivered []string
	events    []string
	errors    []string
	rules     []string // ARNs of the rules of delivered events
}

func newRecorder(t *testing.T) *recorder {
	r := &recorder{fail: func(string) error { return nil }}
	ids := 0
	r.Service = eventbridge.New(eventbridge.Config{
		Region: "us-east-1", Account: "000000000000",
		Now:   func() time.Time { return time.Unix(1_800_000_000, 0) },
		NewID: func() string { ids++; return fmt.Sprintf("id-%d", ids) },
		Deliver: func(_ context.Context, d eventbridge.Delivery) error {
			r.mu.Lock()
			defer r.mu.Unlock()
			if err := r.fail(d.TargetARN); err != nil {
				return err
			}
			r.rules = append(r.rules, d.RuleARN)
			r.delivered = append(r.delivered, d.TargetARN+" "+string(d.Event))
			return nil
		},
		OnEvent: func(p eventbridge.Published) {
			r.events = append(r.events, fmt.Sprint(p))
		},
		OnError: func(err error) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.errors = append(r.errors, err.Error())
		},
	})
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func (r *recorder) putRule(t *testing.T, rule eventbridge.Rule) {
	t.Helper()
	if err := r.PutRule(rule); err != nil {
		t.Fatal(err)
	}
}

func (r *recorder) call(t *testing.T, operation, body string) string {
	t.Helper()
	request := httptest.NewRequest("POST", "/", strings.NewReader(body))
	request.Header.Set("X-Amz-Target", "AWSEvents."+operation)
	w := httptest.NewRecorder()
	r.ServeHTTP(w, request)
	return w.Body.String()
}
