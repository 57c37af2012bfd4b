package handler

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

func TestProblems_AreDocumentedWithStatus(t *testing.T) {
	text, err := os.ReadFile("../../../docs/problems.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "`"+problemType+"`") {
		t.Errorf("docs/problems.md must name the prefix %s of types", problemType)
	}
	documented := make(map[pipeline.Code]bool)
	for _, section := range strings.Split(string(text), "\n## ")[1:] {
		heading, meaning, _ := strings.Cut(section, "\n\n")
		code := pipeline.Code(heading)
		documented[code] = true
		if want := problems[code].status; !strings.HasPrefix(meaning, strconv.Itoa(want)+". ") {
			t.Errorf("docs/problems.md: %s must begin with its status, got %.40q, want %d",
				code, meaning, want)
		}
	}
	for code := range problems {
		if !documented[code] {
			t.Errorf("docs/problems.md has no heading for %s", code)
		}
	}
}

func TestProblems_HaveStatusAndUniqueTitle(t *testing.T) {
	titles := make(map[string]pipeline.Code)
	for code, p := range problems {
		if p.status < 400 || p.title == "" {
			t.Errorf("%s: %+v", code, p)
		}
		if other, taken := titles[p.title]; taken {
			t.Errorf("%s and %s have the same title %q", code, other, p.title)
		}
		titles[p.title] = code
	}
}

func TestProblems_HideCodesOfTheWorker(t *testing.T) {
	got := newProblem(pipeline.Errorf(pipeline.PayloadMismatch, "not for clients"), "").Status
	if got != 500 {
		t.Errorf("got %d, want 500", got)
	}
}
