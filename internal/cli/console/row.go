package console

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// TookText returns the duration of the event's last run. A run begins with the receipt, a redrive
// or a replay.
func (r row) TookText() string {
	if r.Took < 0 {
		return "–"
	}
	return formatMillis(r.Took)
}

// StatusText returns the status. For a batch with failed events, it returns their number.
func (r row) StatusText() string {
	if r.hasFailures() {
		return formatCount(r.Failed) + " failed"
	}
	return r.Status
}

// Tone returns the style class of the row. For a batch with failed events, the class is FAILED.
func (r row) Tone() string {
	if r.hasFailures() {
		return string(pipeline.Failed)
	}
	return r.Status
}

func (r row) hasFailures() bool { return r.Failed > 0 && r.Status == string(pipeline.Processed) }

// TriesText returns the number of attempts.
func (r row) TriesText() string {
	if r.Attempts == 0 {
		return "–"
	}
	return strconv.Itoa(r.Attempts)
}

// Note returns the event's properties that have no column in the list.
func (r row) Note() string {
	var parts []string
	if r.Count > 0 {
		parts = append(parts, "batch of "+formatCount(r.Count))
	}
	if r.Batch != "" {
		parts = append(parts, "split off")
	}
	for _, part := range []string{r.Mark, r.Code, r.Caller} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, " · ")
}

// MarshalJSON adds the formatted texts, so that the page's script does not format values.
func (r row) MarshalJSON() ([]byte, error) {
	type plain row
	return json.Marshal(struct {
		plain
		StatusText string `json:"statusText"`
		Tone       string `json:"tone"`
		TookText   string `json:"tookText"`
		TriesText  string `json:"triesText"`
		Note       string `json:"note"`
	}{plain(r), r.StatusText(), r.Tone(), r.TookText(), r.TriesText(), r.Note()})
}

// MidX returns the horizontal centre of the box. The box's texts have the same centre.
func (b box) MidX() int { return b.X + b.W/2 }

// NameY returns the base line of the box's name.
func (b box) NameY() int {
	if b.Number == "" {
		return b.Y + b.H/2 + 5
	}
	return b.Y + b.H/2 - 3
}

// NumberY returns the base line of the box's number.
func (b box) NumberY() int { return b.Y + b.H/2 + 15 }

// Link returns the address of the pipeline's overview.
func (v *view) Link() string { return v.path() + "/" }

// Preview returns the address of the dry run for the group's messages.
func (g group) Preview(action string) string {
	page, query, _ := strings.Cut(g.Path, "?")
	return page + "/" + url.PathEscape(action) + "?" + query
}
