package cloudformation

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

func queryAPI(t *testing.T, form string) (status int, body string) {
	t.Helper()
	api := API([]StackDescription{
		{
			Name: "one", ID: "arn:one", Created: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC),
			Body:    []byte(`{"Description": "<&>"}`),
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
		status, body := queryAPI(t, "Action=DescribeStacks&StackName="+id)
		const output = "<OutputKey>ApiUrl</OutputKey>" +
			"<OutputValue>http://127.0.0.1:8080/</OutputValue>"
		if status != http.StatusOK || strings.Contains(body, "two") ||
			strings.Contains(body, "<ParentId>") || !strings.Contains(body, output) ||
			!strings.Contains(body, "&lt;&amp;&gt;") ||
			!strings.Contains(body, "2026-11-23T12:00:00Z") {
			t.Errorf("%s: HTTP %d %s", id, status, body)
		}
	}
}

func TestAPI_DescribesAllStacks(t *testing.T) {
	status, body := queryAPI(t, "Action=DescribeStacks")
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
		status, body := queryAPI(t, form)
		if status != http.StatusBadRequest || !strings.Contains(body, code) {
			t.Errorf("%s: HTTP %d %s", form, status, body)
		}
	}
}

func TestAPI_ListsStackResources(t *testing.T) {
	status, body := queryAPI(t, "Action=ListStackResources&StackName=two")
	want := "<member><LogicalResourceId>Queue</LogicalResourceId>" +
		"<PhysicalResourceId>http://q</PhysicalResourceId>" +
		"<ResourceType>AWS::SQS::Queue</ResourceType>"
	if status != http.StatusOK || !strings.Contains(body, want) {
		t.Errorf("HTTP %d %s", status, body)
	}
	status, body = queryAPI(t, "Action=ListStackResources&StackName=three")
	if status != http.StatusBadRequest || !strings.Contains(body, "ValidationError") {
		t.Errorf("HTTP %d %s", status, body)
	}
}

func TestAPI_DescribesResourceWithMetadata(t *testing.T) {
	const action = "Action=DescribeStackResource&StackName="
	status, body := queryAPI(t, action+"two&LogicalResourceId=Queue")
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
		status, body := queryAPI(t, action+unknown)
		if status != http.StatusBadRequest || !strings.Contains(body, "ValidationError") {
			t.Errorf("%s: HTTP %d %s", unknown, status, body)
		}
	}
}

func TestAPI_ListsStacksWithStatus(t *testing.T) {
	for form, want := range map[string]int{
		"": 2,
		"&StackStatusFilter.member.1=CREATE_COMPLETE":                                            2,
		"&StackStatusFilter.member.1=DELETE_COMPLETE&StackStatusFilter.member.2=CREATE_COMPLETE": 2,
		"&StackStatusFilter.member.1=DELETE_COMPLETE":                                            0,
	} {
		status, body := queryAPI(t, "Action=ListStacks"+form)
		if status != http.StatusOK || strings.Count(body, "<StackName>") != want {
			t.Errorf("%s: HTTP %d %s, want %d stacks", form, status, body, want)
		}
	}
}

func TestAPI_DescribesResourcesOfStack(t *testing.T) {
	const action = "Action=DescribeStackResources"
	for form, want := range map[string]int{
		"&StackName=two":                         1,
		"&StackName=two&LogicalResourceId=Queue": 1,
		"&StackName=two&LogicalResourceId=Other": 0,
		"&PhysicalResourceId=http%3A%2F%2Fq":     1,
		"&StackName=one":                         0,
	} {
		status, body := queryAPI(t, action+form)
		n := strings.Count(body, "<StackName>two</StackName><StackId>arn:two</StackId>"+
			"<LogicalResourceId>Queue</LogicalResourceId>")
		if status != http.StatusOK || n != want {
			t.Errorf("%s: HTTP %d %s, want %d resources", form, status, body, want)
		}
	}
	for _, form := range []string{"", "&StackName=three", "&PhysicalResourceId=none"} {
		if status, body := queryAPI(t, action+form); status != http.StatusBadRequest ||
			!strings.Contains(body, "ValidationError") {
			t.Errorf("%s: HTTP %d %s", form, status, body)
		}
	}
}

func TestAPI_ReturnsTemplate(t *testing.T) {
	const want = "<TemplateBody>{&#34;Description&#34;: &#34;&lt;&amp;&gt;&#34;}</TemplateBody>"
	status, body := queryAPI(t, "Action=GetTemplate&StackName=one")
	if status != http.StatusOK || !strings.Contains(body, want) {
		t.Errorf("HTTP %d %s", status, body)
	}
	status, body = queryAPI(t, "Action=GetTemplate&StackName=three")
	if status != http.StatusBadRequest {
		t.Errorf("HTTP %d %s", status, body)
	}
}
