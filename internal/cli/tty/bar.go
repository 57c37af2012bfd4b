package tty

import (
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// NewBar returns a progress bar of total events, or of an unknown number if total is -1. It draws
// on terminals only.
func NewBar(w io.Writer, total int, activity string) *progressbar.ProgressBar {
	return newBar(w, Is(w) && total != 1, total, activity)
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
	bar.StartWithoutRender() // else its clock starts with the first events
	return bar
}
