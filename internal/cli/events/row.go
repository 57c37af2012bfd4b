package events

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/terminal"
)

// Row is a line of a list of events.
type Row struct {
	Time     time.Time
	ID, Type string
	Status   string
	Took     time.Duration // negative if the event is not finished; see Took
	Notes    []string      // printed on the next line
}

// NewRow returns the row of an event.
func NewRow(item pipeline.Item) Row {
	r := Row{
		Time: item.ReceivedAt, ID: item.ID, Type: item.Type, Status: string(item.Status),
		Took: Took(item),
	}
	if item.IsBatch() {
		r.Notes = append(r.Notes, fmt.Sprintf("batch of %d", item.Events()))
	}
	if n := splitOff(item); n > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("%d split off", n))
	}
	if mark := Mark(item); mark != "" {
		r.Notes = append(r.Notes, mark)
	}
	switch {
	case item.Status == pipeline.Failed:
		r.Notes = append(r.Notes, fmt.Sprintf("%s: %s", item.Failure.Code, item.Failure.Reason))
	case item.Status == pipeline.Processed && item.Filtered != (pipeline.Filtered{}):
		r.Notes = append(r.Notes, "filtered", item.Filtered.Code)
	}
	return r
}

// splitOff returns the number of events that were split off a batch or range.
func splitOff(batch pipeline.Item) (n int) {
	for _, part := range batch.Parts() {
		n += part.Events()
	}
	return n
}

// Took returns the time until an event was PROCESSED or FAILED. The time begins at the event's
// receipt, or at its last redrive or replay. For an ENQUEUED event, Took returns a negative number.
func Took(item pipeline.Item) time.Duration {
	begin, end := item.ReceivedAt, item.ProcessedAt
	if Mark(item) != "" {
		begin = item.LastEnqueued()
	}
	switch item.Status {
	case pipeline.Enqueued:
		return -1
	case pipeline.Failed:
		end = item.FailedAt
	}
	return max(end.Sub(begin), 0) // the clocks of two functions can differ
}

// Mark returns "redriven" or "replayed" for an event that an operator has enqueued again, and ""
// for other events. If a redrive followed a replay, it returns "redriven".
func Mark(item pipeline.Item) string {
	switch {
	case item.Replay.Redrives > 0:
		return "redriven"
	case item.Replay.ID != "":
		return "replayed"
	}
	return ""
}

// Widths of the columns in characters. A line has 79 characters.
const (
	idWidth     = 36
	typeWidth   = 15
	statusWidth = 9
	tookWidth   = 7
	lineWidth   = 79
	noteIndent  = "         "
)

// Colours of the terminal, as ANSI escape sequences.
const (
	red    = "\x1b[31m"
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
	faint  = "\x1b[2m"
	reset  = "\x1b[0m"
)

// PrintHeader prints the names of the columns.
func PrintHeader(w io.Writer) error {
	_, err := fmt.Fprintf(w, "%-8s %-*s %-*s %-*s %*s\n", "TIME", idWidth, "ID",
		typeWidth, "TYPE", statusWidth, "STATUS", tookWidth, "MS")
	return err
}

// Print prints the row, and its notes on one more line. If colours is true, Print adds the escape
// sequences for colours.
func (r Row) Print(w io.Writer, colours bool) error {
	took := "-"
	if r.Took >= 0 {
		took = strconv.FormatInt(r.Took.Milliseconds(), 10)
	}
	paint := func(colour, text string) string {
		if !colours || text == "" {
			return text
		}
		return colour + text + reset
	}
	colour := map[string]string{
		string(pipeline.Processed): green, string(pipeline.Failed): red,
	}[r.Status]
	if colour == "" {
		colour = yellow
	}
	var line strings.Builder
	longID := max(len(r.ID)-idWidth, 0) // the id of a batch's event is longer
	fmt.Fprintf(&line, "%s %-*s %s %s %*s\n",
		paint(faint, r.Time.Local().Format(time.TimeOnly)), idWidth, r.ID,
		Fit(r.Type, typeWidth-longID), paint(colour, Fit(r.Status, statusWidth)), tookWidth, took)
	if len(r.Notes) > 0 {
		if r.Status != string(pipeline.Failed) {
			colour = faint
		}
		line.WriteString(noteIndent)
		line.WriteString(paint(colour, Note(strings.Join(r.Notes, ", "))))
		line.WriteString("\n")
	}
	_, err := io.WriteString(w, line.String())
	return err
}

func oneLine(text string) string {
	return terminal.Escape(strings.Join(strings.Fields(text), " "))
}

// Note returns the text as one line that fits below a row, after an indent.
func Note(text string) string { return shortened(oneLine(text), lineWidth-len(noteIndent)) }

// Fit returns the text as one line with exactly width characters.
func Fit(text string, width int) string {
	text = shortened(oneLine(text), width)
	return text + strings.Repeat(" ", width-utf8.RuneCountInString(text))
}

// shortened returns the text with at most width characters.
func shortened(text string, width int) string {
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	return string([]rune(text)[:width-1]) + "…"
}
