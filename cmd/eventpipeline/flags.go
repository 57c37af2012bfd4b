package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

// given is the value of a flag that may be left out but not be empty: --stack "$STACK" without such a variable must not
// mean another pipeline, or more events, than the user had in mind.
type given string

// newGiven makes value, a flag's, what the flag is when it is left out.
func newGiven(value *string, leftOut string) *given {
	*value = leftOut
	return (*given)(value)
}

func (v *given) Set(text string) error {
	if text == "" {
		return errors.New("it is empty")
	}
	*v = given(text)
	return nil
}

func (v *given) String() string { return string(*v) }
func (v *given) Type() string   { return "string" }

// checkLists refuses flags that take several values and were given none.
func checkLists(cmd *cobra.Command, names ...string) error {
	for _, name := range names {
		values, err := cmd.Flags().GetStringSlice(name)
		if err != nil {
			return err
		}
		if cmd.Flags().Changed(name) && len(values) == 0 {
			return fmt.Errorf("--%s is empty", name)
		}
	}
	return nil
}
