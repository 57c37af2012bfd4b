package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// requiredValue rejects an empty value. An unset shell variable in --stack "$STACK" must not select
// another pipeline, or more events, than intended.
type requiredValue string

func addRequiredValue(flags *pflag.FlagSet, value *string, name, usage string) {
	flags.Var((*requiredValue)(value), name, usage)
}

func (v *requiredValue) Set(value string) error {
	if value == "" {
		return errors.New("it is empty")
	}
	*v = requiredValue(value)
	return nil
}

func (v *requiredValue) String() string { return string(*v) }
func (v *requiredValue) Type() string   { return "string" }

// exclusiveFlags lists flags that can't be combined, for all commands: the first of each line with
// any of the others.
var exclusiveFlags = []string{
	"api aws pipeline stack",
	"aws stack",
	"sign token",
	"compare checkpoint dry-run failed no-publish rate resume",
	"dry-run resume",
	"failed no-publish",
	"resume checkpoint failed from no-publish to type",
}

// checkExclusive returns a usage error if flags are set that can't be combined. Cobra's own check
// lists the whole group of flags instead of the two that conflict.
func checkExclusive(cmd *cobra.Command) error {
	for _, line := range exclusiveFlags {
		flags := strings.Fields(line)
		for _, other := range flags[1:] {
			if cmd.Flags().Changed(flags[0]) && cmd.Flags().Changed(other) {
				return usageErrorf("--%s and --%s can't be given together", flags[0], other)
			}
		}
	}
	return nil
}
