package e2e

import (
	"strings"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/testing/badinput"
)

func testBadBodies(t *testing.T, p *platform) {
	for _, c := range badinput.Bodies() {
		status, contentType, response := p.post(t, c.Body)
		problem, _ := response["type"].(string)
		isProblem := contentType == "application/problem+json"
		if status != c.Status || !strings.HasSuffix(problem, c.Code) ||
			isProblem != (status >= 400) {
			t.Errorf("%s: got %d %s %s, want %d %s", c.Name, status, contentType, problem, c.Status,
				c.Code)
			continue
		}
		if status != 202 {
			continue
		}
		got := p.readObject(t, p.status(t, response["eventId"].(string))["bronze"])
		if got != c.Body {
			t.Errorf("%s: Bronze holds %.200q, want %.200q", c.Name, got, c.Body)
		}
	}
}
