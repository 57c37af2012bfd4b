// Package tty prints to terminals, and asks the user for confirmation.
package tty

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/terminal"
)

// IsTerminal reports whether a stream is a terminal.
func IsTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// ShowsColours reports whether w is a terminal that supports colours. It returns false if the user
// has disabled colours (https://no-color.org).
func ShowsColours(w io.Writer) bool {
	return IsTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// Write writes content to w. If w is a terminal, Write escapes control characters and adds a
// missing line end. Otherwise, it writes the content byte for byte.
func Write(w io.Writer, content []byte) error {
	if IsTerminal(w) {
		content = []byte(escapeLines(string(content)))
	}
	_, err := w.Write(content)
	return err
}

func escapeLines(text string) string {
	text = terminal.EscapeLines(text)
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return text
}

// Table prints rows with aligned columns. Call Flush after the last row.
type Table struct{ *tabwriter.Writer }

// NewTable returns a table that prints to w. If w is a terminal, NewTable breaks
// long rows. Their later lines are indented to the second column.
func NewTable(w io.Writer) Table {
	if IsTerminal(w) {
		w = &rowWriter{file: w.(*os.File)}
	}
	return Table{tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)}
}

// Row adds a row.
func (t Table) Row(cells ...any) {
	fmt.Fprintf(t, strings.Repeat("%v\t", len(cells)-1)+"%v\n", cells...)
}

// Field adds a row with a name and the escaped value. It adds no row if the value is empty.
func (t Table) Field(name, value string) {
	if value != "" {
		t.Row(name, terminal.EscapeLines(value))
	}
}

// NewBar returns a progress bar. total is the number of events, or -1 if it is unknown. The bar is
// drawn only if w is a terminal, and never for a single event.
func NewBar(w io.Writer, total int, activity string) *progressbar.ProgressBar {
	return newBar(w, IsTerminal(w) && total != 1, total, activity)
}

func newBar(w io.Writer, visible bool, total int, activity string) *progressbar.ProgressBar {
	bar := progressbar.NewOptions(total,
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetVisibility(visible),
		progressbar.OptionSetDescription(activity),
		progressbar.OptionShowCount(),
		progressbar.OptionShowIts(),
		progressbar.OptionSetItsString("events"),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish())
	bar.StartWithoutRender() // otherwise the measurement of the rate starts only at the first event
	return bar
}

// ErrDeclined reports that the user did not answer yes.
var ErrDeclined = errors.New("nothing was changed")

// Confirm asks a question, and returns nil if the answer is yes.
func Confirm(ctx context.Context, in io.Reader, out io.Writer, question string) error {
	fmt.Fprintf(Wrap(out), "%s [y/N]", question)
	fmt.Fprint(out, " ")
	answered := make(chan error, 1)
	go func() { answered <- readConsent(in) }() // can block until the program ends
	select {
	case err := <-answered:
		return err
	case <-ctx.Done():
		fmt.Fprintln(out)
		return ctx.Err()
	}
}

func readConsent(in io.Reader) error {
	answer, err := bufio.NewReader(in).ReadString('\n')
	if err != nil {
		return ErrDeclined
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return ErrDeclined
}
