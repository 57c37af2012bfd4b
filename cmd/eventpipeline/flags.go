package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
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

// mutuallyExclusive is cobra's name for the annotation of flags that were marked so: the groups that they are in.
const mutuallyExclusive = "cobra_annotation_mutually_exclusive"

// checkApart refuses flags together that were marked as mutually exclusive: cobra, which would do so after it, does not
// say it in a sentence.
func checkApart(cmd *cobra.Command) (err error) {
	cmd.Flags().Visit(func(flag *pflag.Flag) {
		for _, group := range flag.Annotations[mutuallyExclusive] {
			for _, other := range strings.Fields(group) {
				if err == nil && other != flag.Name && cmd.Flags().Changed(other) {
					err = fmt.Errorf("--%s and --%s can't be given together", flag.Name, other)
				}
			}
		}
	})
	return err
}

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
