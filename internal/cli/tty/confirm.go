package tty

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// ErrDeclined reports that the user did not answer yes.
var ErrDeclined = errors.New("nothing was changed")

// Confirm asks a question, and returns nil if the answer is yes.
func Confirm(ctx context.Context, in io.Reader, out io.Writer, question string) error {
	fmt.Fprintf(out, "%s [y/N] ", question)
	answered := make(chan error, 1)
	go func() { answered <- readConsent(in) }() // may block until the program ends
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
