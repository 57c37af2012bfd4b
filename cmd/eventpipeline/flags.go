package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

// requiredValue is a flag's value that must not be empty if the flag is set. An unset shell
// variable in --stack "$STACK" must not select another pipeline, or more events, than intended.
type requiredValue string

func newRequiredValue(value *string) *requiredValue { return (*requiredValue)(value) }

func (v *requiredValue) Set(value string) error {
	if value == "" {
		return errors.New("it is empty")
	}
	*v = requiredValue(value)
	return nil
}

func (v *requiredValue) String() string { return string(*v) }
func (v *requiredValue) Type() string   { return "string" }

// exclusiveFlags lists, for all commands, the flags that can't be combined.
var exclusiveFlags = []struct {
	flag   string
	others []string
}{
	{"api", []string{"aws", "pipeline", "stack"}},
	{"aws", []string{"stack"}},
	{"sign", []string{"token"}},
	{"compare", []string{"checkpoint", "dry-run", "failed", "no-publish", "rate", "resume"}},
	{"dry-run", []string{"resume"}},
	{"failed", []string{"no-publish"}},
	{"resume", []string{"checkpoint", "failed", "from", "no-publish", "to", "type"}},
}

// checkExclusive returns a usage error if flags are set that can't be combined. Cobra's own check
// lists the whole group of flags instead of the two that conflict.
func checkExclusive(cmd *cobra.Command) error {
	for _, exclusive := range exclusiveFlags {
		for _, other := range exclusive.others {
			if cmd.Flags().Changed(exclusive.flag) && cmd.Flags().Changed(other) {
				return usageError{fmt.Errorf("--%s and --%s can't be given together", exclusive.flag, other)}
			}
		}
	}
	return nil
}

// checkLists returns an error if one of these list flags is set to an empty list.
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
