package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// requiredValue is a flag value that must not be empty. For example, --stack "$STACK" must fail if
// the variable is not set.
type requiredValue string

func addRequiredValue(flags *pflag.FlagSet, value *string, name, usage string) {
	flags.Var((*requiredValue)(value), name, usage)
}

func (v *requiredValue) Set(value string) error {
	if value == "" {
		return errors.New("the value must not be empty: set a value, or leave out the flag")
	}
	*v = requiredValue(value)
	return nil
}

func (v *requiredValue) String() string { return string(*v) }
func (v *requiredValue) Type() string   { return "string" }

// exclusiveFlags lists flags that can't be combined. The first flag of an element can't be combined
// with any other flag of the element. This applies to all commands.
var exclusiveFlags = []string{
	"api aws pipeline stack",
	"as api batch concurrency count gzip rate retries sign token type wait",
	"aws stack",
	"stack app stage",
	"sign token",
	"compare checkpoint dry-run failed no-publish rate resume",
	"dry-run resume",
	"failed no-publish",
	"resume checkpoint event failed from no-publish orphans to type",
}

// checkExclusive returns a usage error if the user set two flags that can't be combined. Unlike
// Cobra's own check, it names only these two flags.
func checkExclusive(cmd *cobra.Command) error {
	for _, line := range exclusiveFlags {
		flags := strings.Fields(line)
		for _, other := range flags[1:] {
			if cmd.Flags().Changed(flags[0]) && cmd.Flags().Changed(other) {
				return usageErrorf("--%s and --%s can't be combined", flags[0], other)
			}
		}
	}
	return nil
}
