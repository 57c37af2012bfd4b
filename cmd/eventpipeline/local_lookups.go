package main

import (
	"fmt"
	"io"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator"
)

// printLookups prints the values that are only placeholders, and how to set each value.
func (f *localFlags) printLookups(w io.Writer, lookups []emulator.Lookup) {
	if len(lookups) == 0 {
		return
	}
	fmt.Fprintln(w, "The app got placeholders for these values, which it looks up in AWS:")
	for _, l := range lookups {
		fmt.Fprintf(w, "  %s\n    %s\n", l.Key, f.lookupAdvice(l))
	}
}

// lookupAdvice returns advice on how to replace a placeholder by the real value.
func (f *localFlags) lookupAdvice(l emulator.Lookup) string {
	const synth = "add the value to cdk.context.json with npx aws-cdk synth"
	// The flags --account and --region have no effect on a stack that sets its own account or
	// region.
	usesFlags := l.Account == f.options.Account && l.Region == f.options.Region
	switch {
	case l.SSMParameter != "":
		return "set the value with --ssm " + l.SSMParameter + "=VALUE"
	case !usesFlags:
		return fmt.Sprintf("%s and credentials for account %s in %s", synth, l.Account, l.Region)
	case len(l.KnownIn) > 0:
		known := l.KnownIn[0]
		return fmt.Sprintf("use the value in cdk.context.json with --account %s --region %s",
			known.Account, known.Region)
	case l.Account == emulator.DefaultAccount:
		return synth + " and credentials for your account,\n" +
			"    then use the value with --account ACCOUNT --region REGION"
	}
	return synth + " and credentials for this account"
}
