package faults

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// CheckNames reports the rules that nothing can ever match: operations, by service, and functions are those that there are.
func (c Config) CheckNames(operations map[string][]string, functions []string) error {
	var errs []error
	for i, r := range c.Rules {
		errs = append(errs, checkOperation(i, r, operations), checkFunction(i, r, functions))
	}
	return errors.Join(errs...)
}

func checkOperation(i int, r Rule, operations map[string][]string) error {
	if r.Operation == "" {
		return nil
	}
	services := slices.Sorted(maps.Keys(operations))
	if r.Service != "" {
		services = []string{r.Service}
	}
	var known []string
	for _, service := range services {
		if slices.Contains(operations[service], r.Operation) {
			return nil
		}
		known = append(known, fmt.Sprintf("%s has %s", service, strings.Join(operations[service], ", ")))
	}
	return fmt.Errorf("rules[%d].operation is %q, which is not served here; %s", i, r.Operation, strings.Join(known, "; "))
}

func checkFunction(i int, r Rule, functions []string) error {
	if r.Function == "" || slices.ContainsFunc(functions, func(name string) bool { return strings.HasSuffix(name, r.Function) }) {
		return nil
	}
	return fmt.Errorf("rules[%d].function is %q, and no function's name ends so; there are %s", i, r.Function, strings.Join(functions, ", "))
}
