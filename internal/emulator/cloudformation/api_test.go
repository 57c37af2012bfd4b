package cloudformation

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

func ask(t *testing.T, form string) (status int, body string) {
	t.Helper()
	api := API([]StackDescription{
		{
			Name: "one", ID: "arn:one", Created: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC),
			Outputs: map[string]string{"ApiUrl": "http://127.0.0.1:8080/", "B": "<&>"},
		},
		{Name: "two", ID: "arn:two", ParentID: "arn:one", Resources: []StackResource{
			{"Queue", "http://q", "AWS::SQS::Queue", `{"role":"worker"}`},
		}},
	})
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	if !protocol.IsQuery(r) {
		t.Fatal("IsQuery returned false for a form")
	}
	w := httptest.NewRecorder()
	api.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func TestAPI_DescribesStackByNameOrID(t *testing.T) {
	for _, id := range []string{"one", "arn:one"} {
		status, body := ask(t, "Action=DescribeStacks&StackName="+id)
		if status != http.StatusOK || strings.Contains(body, "two") || strings.Contains(body, "<ParentId>") ||
			!strings.Contains(body, "<OutputKey>ApiUrl</OutputKey><OutputValue>http://127.0.0.1:8080/</OutputValue>") ||
			!strings.Contains(body, "&lt;&amp;&gt;") ||
			!strings.Contains(body, "2026-11-23T12:00:00Z") {
			t.Errorf("%s: HTTP %d %s", id, status, body)
		}
	}
}

func TestAPI_DescribesAllStacks(t *testing.T) {
	status, body := ask(t, "Action=DescribeStacks")
	if status != http.StatusOK || strings.Count(body, "<StackName>") != 2 ||
		strings.Count(body, "<ParentId>arn:one</ParentId>") != 1 {
		t.Errorf("HTTP %d %s", status, body)
	}
}

func TestAPI_RejectsUnknownStacksAndActions(t *testing.T) {
	for form, code := range map[string]string{
		"Action=DescribeStacks&StackName=three": "<Code>ValidationError</Code>",
		"Action=CreateStack":                    "<Code>InvalidAction</Code>",
		"Action=%zz":                            "<Code>InvalidRequest</Code>",
	} {
		status, body := ask(t, form)
		if status != http.StatusBadRequest || !strings.Contains(body, code) {
			t.Errorf("%s: HTTP %d %s", form, status, body)
		}
	}
}

func TestAPI_ListsStackResources(t *testing.T) {
	status, body := ask(t, "Action=ListStackResources&StackName=two")
	want := "<member><LogicalResourceId>Queue</LogicalResourceId><PhysicalResourceId>http://q</PhysicalResourceId><ResourceType>AWS::SQS::Queue</ResourceType>"
	if status != http.StatusOK || !strings.Contains(body, want) {
		t.Errorf("HTTP %d %s", status, body)
	}
	status, body = ask(t, "Action=ListStackResources&StackName=three")
	if status != http.StatusBadRequest || !strings.Contains(body, "ValidationError") {
		t.Errorf("HTTP %d %s", status, body)
	}
}

func TestAPI_DescribesResourceWithMetadata(t *testing.T) {
	const action = "Action=DescribeStackResource&StackName="
	status, body := ask(t, action+"two&LogicalResourceId=Queue")
	if status != http.StatusOK {
		t.Fatalf("HTTP %d %s", status, body)
	}
	for _, want := range []string{
		"<StackName>two</StackName>", "<PhysicalResourceId>http://q</PhysicalResourceId>",
		"<Metadata>{&#34;role&#34;:&#34;worker&#34;}</Metadata>",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s in %s", want, body)
		}
	}
	for _, unknown := range []string{
		"two&LogicalResourceId=Other",
		"three&LogicalResourceId=Queue",
	} {
		status, body := ask(t, action+unknown)
		if status != http.StatusBadRequest || !strings.Contains(body, "ValidationError") {
			t.Errorf("%s: HTTP %d %s", unknown, status, body)
		}
	}
}
