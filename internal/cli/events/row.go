package events

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/tty"
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
		r.Notes = append(r.Notes, MarkFiltered, item.Filtered.Code)
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

// Marks of events.
const (
	MarkRedriven = "redriven" // an operator redrove the event
	MarkReplayed = "replayed" // an operator replayed the event
	MarkFiltered = "filtered" // the processor filtered the event
)

// Mark returns MarkRedriven or MarkReplayed for an event that an operator has enqueued again, and
// "" for other events. If a redrive followed a replay, it returns MarkRedriven.
func Mark(item pipeline.Item) string {
	switch {
	case item.Replay.Redrives > 0:
		return MarkRedriven
	case item.Replay.ID != "":
		return MarkReplayed
	}
	return ""
}

// Widths of the columns in characters. They fit into 79 of the 80 columns of a terminal.
const (
	idWidth      = 36
	typeWidth    = 15
	maxTypeWidth = 30 // on a wider terminal
	statusWidth  = 9
	tookWidth    = 7
	noteIndent   = "         "
)

// layout describes the lines of a list. It depends on the width of the terminal.
type layout struct {
	width    int // of a line
	typeText int // width of the column with the type; 0 if the type is on the next line
}

func layoutFor(w io.Writer) layout {
	l := layout{width: tty.Width(w) - 1}
	if surplus := l.width - (tty.DefaultWidth - 1); surplus >= 0 {
		l.typeText = min(typeWidth+surplus, maxTypeWidth)
	}
	return l
}

// PrintHeader prints the names of the columns.
func PrintHeader(w io.Writer) error {
	l := layoutFor(w)
	if l.typeText == 0 {
		_, err := fmt.Fprintf(w, "%-8s %-*s %s\n", "TIME", idWidth, "ID", "STATUS")
		return err
	}
	_, err := fmt.Fprintf(w, "%-8s %-*s %-*s %-*s %*s\n", "TIME", idWidth, "ID",
		l.typeText, "TYPE", statusWidth, "STATUS", tookWidth, "MS")
	return err
}

// Print prints the row, in colour if colours is true. The next line contains the row's notes. On a
// terminal with less than 80 columns, this line also contains the type and the duration.
func (r Row) Print(w io.Writer, colours bool) error {
	_, err := io.WriteString(w, r.format(layoutFor(w), colours))
	return err
}

func (r Row) format(l layout, colours bool) string {
	took := "-"
	if r.Took >= 0 {
		took = strconv.FormatInt(r.Took.Milliseconds(), 10)
	}
	paint := func(colour, text string) string {
		if !colours || text == "" {
			return text
		}
		return colour + text + terminal.ResetColour
	}
	colour := map[string]string{
		string(pipeline.Processed): terminal.Green, string(pipeline.Failed): terminal.Red,
	}[r.Status]
	if colour == "" {
		colour = terminal.Yellow
	}
	var line strings.Builder
	longID := max(len(r.ID)-idWidth, 0) // the id of a batch's event is longer
	at, notes := paint(terminal.Faint, r.Time.Local().Format(time.TimeOnly)), r.Notes
	if l.typeText > 0 {
		fmt.Fprintf(&line, "%s %-*s %s %s %*s\n", at, idWidth, r.ID,
			Fit(r.Type, l.typeText-longID), paint(colour, Fit(r.Status, statusWidth)),
			tookWidth, took)
	} else {
		fmt.Fprintf(&line, "%s %-*s %s\n", at, idWidth, r.ID, paint(colour, r.Status))
		if notes = append([]string{r.Type}, r.Notes...); r.Took >= 0 {
			notes = slices.Insert(notes, 1, took+" ms")
		}
	}
	if len(notes) > 0 {
		if r.Status != string(pipeline.Failed) {
			colour = terminal.Faint
		}
		line.WriteString(noteIndent)
		note := shorten(oneLine(strings.Join(notes, ", ")), l.width-len(noteIndent))
		line.WriteString(paint(colour, note))
		line.WriteString("\n")
	}
	return line.String()
}

func oneLine(text string) string {
	return terminal.Escape(strings.Join(strings.Fields(text), " "))
}

// Note returns the text as one line. With the indent of a note, the line fits into the width of w.
func Note(w io.Writer, text string) string {
	return shorten(oneLine(text), layoutFor(w).width-len(noteIndent))
}

// Fit returns the text as one line with exactly width characters.
func Fit(text string, width int) string {
	text = shorten(oneLine(text), width)
	return text + strings.Repeat(" ", width-utf8.RuneCountInString(text))
}

// shorten returns the text with at most width characters.
func shorten(text string, width int) string {
	width = max(width, 1)
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	return string([]rune(text)[:width-1]) + "…"
}
