package faults

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// CheckNames returns an error for each rule that names an unknown operation or function. operations
// maps each service to its operations.
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
		known = append(known, fmt.Sprintf("%s has %s", service,
			strings.Join(operations[service], ", ")))
	}
	return fmt.Errorf("rules[%d].operation must be a known operation, got %q: %s",
		i, r.Operation, strings.Join(known, "; "))
}

func checkFunction(i int, r Rule, functions []string) error {
	matches := func(name string) bool { return strings.HasSuffix(name, r.Function) }
	if r.Function == "" || slices.ContainsFunc(functions, matches) {
		return nil
	}
	return fmt.Errorf("rules[%d].function must be the suffix of a function name, got %q: "+
		"the functions are %s", i, r.Function, strings.Join(functions, ", "))
}
