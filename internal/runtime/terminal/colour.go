package terminal

// Colours of text, as ANSI escape sequences. ResetColour ends a colour.
const (
	Red         = "\x1b[31m"
	Green       = "\x1b[32m"
	Yellow      = "\x1b[33m"
	Blue        = "\x1b[34m"
	Faint       = "\x1b[2m"
	ResetColour = "\x1b[0m"
)
