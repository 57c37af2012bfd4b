package emulator

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

func TestQueryHandler_ReturnsCallerIdentity(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("Action=GetCallerIdentity"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	queryHandler(DefaultAccount, nil).ServeHTTP(w, r)
	if w.Code != http.StatusOK ||
		!strings.Contains(w.Body.String(), "<Account>000000000000</Account>") {
		t.Errorf("HTTP %d %s", w.Code, w.Body)
	}
}

func TestQueryPermissions_DependOnTheAction(t *testing.T) {
	for _, c := range []struct{ method, url, body, want string }{
		{"POST", "/", "Action=GetCallerIdentity", "[]"},
		{"POST", "/", "Action=DescribeStacks", "[{cloudformation:DescribeStacks * map[]}]"},
		{"GET", "/?Action=DescribeStacks", "", "[{cloudformation:DescribeStacks * map[]}]"},
		// Only the URL has an effect in a GET request.
		{"GET", "/?Action=DescribeStacks", "Action=GetCallerIdentity",
			"[{cloudformation:DescribeStacks * map[]}]"},
	} {
		r := httptest.NewRequest(c.method, c.url, strings.NewReader(c.body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		got, err := queryPermissions(protocol.Scope{}, "", r)
		if err != nil || fmt.Sprint(got) != c.want {
			t.Errorf("%+v: got %v, %v", c, got, err)
		}
	}
}
