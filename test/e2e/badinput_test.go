package e2e

import (
	"strings"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/testing/badinput"
)

func testBadBodies(t *testing.T, p *platform) {
	for _, c := range badinput.Bodies() {
		status, contentType, answer := p.post(t, c.Body)
		problem, _ := answer["type"].(string)
		if status != c.Status || !strings.HasSuffix(problem, c.Code) || (contentType == "application/problem+json") != (status >= 400) {
			t.Errorf("%s: got %d %s %s, want %d %s", c.Name, status, contentType, problem, c.Status, c.Code)
			continue
		}
		if status != 202 {
			continue
		}
		if got := p.readObject(t, p.status(t, answer["eventId"].(string))["bronze"]); got != c.Body {
			t.Errorf("%s: Bronze holds %.200q, want %.200q", c.Name, got, c.Body)
		}
	}
}
