package logs

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// newService returns a service whose clock advances by a second with each line.
func newService() *Service {
	now := noon
	return New(Config{Region: "us-east-1", Account: "000000000000", Now: func() time.Time {
		now = now.Add(time.Second)
		return now
	}})
}

// call calls an operation and decodes the response into out.
func call(t *testing.T, s *Service, operation, body string, out any) {
	t.Helper()
	status, response := send(s, operation, body)
	if status != http.StatusOK {
		t.Fatalf("%s %s: HTTP %d %s", operation, body, status, response)
	}
	if err := json.Unmarshal([]byte(response), out); err != nil {
		t.Fatal(err)
	}
}

func send(s *Service, operation, body string) (status int, response string) {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("X-Amz-Target", TargetPrefix+"."+operation)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func messages(events []filteredEvent) string {
	var texts []string
	for _, e := range events {
		texts = append(texts, e.Message)
	}
	return strings.Join(texts, " ")
}

func TestFilterLogEvents_SelectsByTimeStreamAndPattern(t *testing.T) {
	s := newService()
	for i := 1; i <= 6; i++ {
		s.Write("g", fmt.Sprintf("s%d", i%2), fmt.Appendf(nil, "line-%d", i))
	}
	at := func(i int) int64 { return s.groups["g"].lines[i-1].time.UnixMilli() }
	const all = "line-1 line-2 line-3 line-4 line-5 line-6"
	for condition, want := range map[string]string{
		`"limit": 100`:                                          all,
		`"logStreamNames": ["s1"]`:                              "line-1 line-3 line-5",
		`"logStreamNamePrefix": "s0"`:                           "line-2 line-4 line-6",
		`"filterPattern": "\"line-5\""`:                         "line-5",
		fmt.Sprintf(`"startTime": %d`, at(5)):                   "line-5 line-6",
		fmt.Sprintf(`"endTime": %d`, at(2)):                     "line-1 line-2",
		fmt.Sprintf(`"startTime": %d, "endTime": 0`, at(2)):     "",
		`"filterPattern": "?\"line-1\" ?\"line-6\"", "limit":5`: "line-1 line-6",
	} {
		var out filterOutput
		call(t, s, "FilterLogEvents", `{"logGroupName": "g", `+condition+`}`, &out)
		if got := messages(out.Events); got != want || out.NextToken != "" {
			t.Errorf("%s: got %q, token %q, want %q", condition, got, out.NextToken, want)
		}
	}
}

func TestFilterLogEvents_ReturnsPages(t *testing.T) {
	s := newService()
	for i := range 5 {
		s.Write("g", "s", fmt.Appendf(nil, "%d", i))
	}
	var got []string
	token := ""
	for range 3 {
		var out filterOutput
		call(t, s, "FilterLogEvents",
			`{"logGroupIdentifier": "arn:aws:logs:us-east-1:000000000000:log-group:g", "limit": 2`+
				token+`}`, &out)
		got = append(got, messages(out.Events))
		token = `, "nextToken": "` + out.NextToken + `"`
	}
	if fmt.Sprint(got) != "[0 1 2 3 4]" || token != `, "nextToken": ""` {
		t.Errorf("got pages %q, token %s", got, token)
	}
}

func TestGetLogEvents_ReadsForwardAndBackward(t *testing.T) {
	s := newService()
	for i := range 5 {
		s.Write("g", "s", fmt.Appendf(nil, "%d", i))
		s.Write("g", "other", []byte("x"))
	}
	read := func(options string) (texts string, out getOutput) {
		call(t, s, "GetLogEvents",
			`{"logGroupName": "g", "logStreamName": "s", "limit": 2`+options+`}`, &out)
		for _, e := range out.Events {
			texts += e.Message
		}
		return texts, out
	}
	token := func(token string) string { return `, "nextToken": "` + token + `"` }
	last, out := read("")
	earlier, _ := read(token(out.NextBackwardToken))
	none, end := read(token(out.NextForwardToken))
	isEnd := end.NextForwardToken == out.NextForwardToken
	if last != "34" || earlier != "12" || none != "" || !isEnd {
		t.Errorf("got %q, then %q and %q with token %s, want %s",
			last, earlier, none, end.NextForwardToken, out.NextForwardToken)
	}
	first, out := read(`, "startFromHead": true`)
	second, _ := read(token(out.NextForwardToken))
	if first != "01" || second != "23" {
		t.Errorf("got %q, then %q", first, second)
	}
}

func TestDescribe_ListsGroupsAndStreams(t *testing.T) {
	s := newService()
	s.CreateGroup(Group{Name: "/aws/lambda/api", RetentionDays: 30})
	s.Write("/aws/lambda/api", "a", []byte("1"))
	s.Write("/aws/lambda/api", "b", []byte("22"))
	s.Write("/aws/lambda/api", "a", []byte("333"))
	s.Write("/aws/lambda/worker", "c", []byte("4"))
	var groups describeGroupsOutput
	call(t, s, "DescribeLogGroups", `{"logGroupNamePrefix": "/aws/lambda/a"}`, &groups)
	if g := groups.LogGroups; len(g) != 1 || g[0].Name != "/aws/lambda/api" ||
		g[0].RetentionInDays != 30 || g[0].StoredBytes != 6 ||
		g[0].ARN != "arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/api:*" {
		t.Errorf("groups %+v", g)
	}
	call(t, s, "DescribeLogGroups", `{"limit": 1}`, &groups)
	if len(groups.LogGroups) != 1 || groups.NextToken == "" {
		t.Errorf("got the page %+v, want one group and a token", groups)
	}
	for options, want := range map[string]string{
		`"orderBy": "LogStreamName"`:                     "a b",
		`"orderBy": "LastEventTime"`:                     "b a",
		`"orderBy": "LastEventTime", "descending": true`: "a b",
		`"descending": true`:                             "b a",
		`"limit": 1, "nextToken": "a"`:                   "b",
		`"logStreamNamePrefix": "b"`:                     "b",
	} {
		var streams describeStreamsOutput
		request := `{"logGroupName": "/aws/lambda/api", ` + options + `}`
		call(t, s, "DescribeLogStreams", request, &streams)
		var names []string
		for _, found := range streams.LogStreams {
			names = append(names, found.Name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s: streams %s, want %s", options, got, want)
		}
	}
}

func TestWrite_DeletesOldestLines(t *testing.T) {
	s := newService()
	text := []byte(strings.Repeat("x", 1000))
	s.Write("g", "first", text)
	for range 2 * maxGroupSize / len(text) {
		s.Write("g", "later", text)
	}
	g := s.groups["g"]
	if g.size > maxGroupSize || len(g.lines) < maxGroupSize/2/len(text) {
		t.Errorf("the group has %d lines of %d bytes", len(g.lines), g.size)
	}
	if g.streams["first"] != nil || g.streams["later"].lines != len(g.lines) {
		t.Errorf("streams %+v", g.streams)
	}
	var out filterOutput
	call(t, s, "FilterLogEvents", `{"logGroupName": "g"}`, &out)
	size := 0
	for _, e := range out.Events {
		size += len(e.Message)
	}
	if size > maxResponseSize || out.NextToken == "" {
		t.Errorf("got %d bytes, token %q", size, out.NextToken)
	}
}

func TestOperations_RejectInvalidInput(t *testing.T) {
	s := newService()
	s.Write("g", "s", []byte("x"))
	const missing, invalid = "ResourceNotFoundException", "InvalidParameterException"
	for _, c := range []struct{ operation, body, code string }{
		{"FilterLogEvents", `{"logGroupName": "none"}`, missing},
		{"FilterLogEvents", `{}`, invalid},
		{"FilterLogEvents", `{"logGroupName": "g", "filterPattern": "{ $.a ~ 1 }"}`, invalid},
		{"FilterLogEvents", `{"logGroupName": "g", "nextToken": "x"}`, invalid},
		{"FilterLogEvents",
			`{"logGroupName": "g", "logStreamNames": ["s"], "logStreamNamePrefix": "s"}`, invalid},
		{"GetLogEvents", `{"logGroupName": "g", "logStreamName": "none"}`, missing},
		{"GetLogEvents", `{"logGroupName": "g", "logStreamName": "s", "nextToken": "x"}`, invalid},
		{"DescribeLogStreams", `{"logGroupName": "none"}`, missing},
		{"DescribeLogStreams",
			`{"logGroupName": "g", "orderBy": "LastEventTime", "logStreamNamePrefix": "s"}`,
			invalid},
		{"DescribeLogStreams", `{"logGroupName": "g", "nextToken": "gone"}`, invalid},
		{"DescribeLogGroups", `{"limit": -1}`, invalid},
		{"DescribeLogStreams", `{"logGroupName": "g", "limit": -1}`, invalid},
		{"FilterLogEvents", `{"logGroupName": "g", "limit": -1}`, invalid},
		{"GetLogEvents", `{"logGroupName": "g", "logStreamName": "s", "limit": 0}`, invalid},
		{"FilterLogEvents", `{"logGroupName": "g", "filterPattern": "{` +
			strings.Repeat("(", maxPattern) + `"}`, invalid},
		{"StartQuery", `{}`, "UnknownOperationException"},
	} {
		status, response := send(s, c.operation, c.body)
		if status != http.StatusBadRequest || !strings.Contains(response, `"__type":"`+c.code+`"`) {
			t.Errorf("%s %s: HTTP %d %s, want %s", c.operation, c.body, status, response, c.code)
		}
	}
}
