package eventpipeline

import (
	"maps"
	"regexp"
	"slices"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

var (
	variablePattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]+$`)
	// lambdaVariables are those that Lambda refuses to have set.
	lambdaVariables = regexp.MustCompile(`^(_.*|AWS_(REGION|DEFAULT_REGION|EXECUTION_ENV|ACCESS_KEY|ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN)|(AWS_)?LAMBDA_.*)$`)
)

// variables checks those that are to be added to a function's.
func (m *mistakes) variables(prop string, added *map[string]*string) {
	if added == nil {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(*added)) {
		switch {
		case slices.Contains(contract.Variables, name):
			m.unless(false, "%s has %s, which the pipeline sets; take another name", prop, name)
		case lambdaVariables.MatchString(name):
			m.unless(false, "%s has %s, which Lambda sets; take another name", prop, name)
		default:
			m.unless(variablePattern.MatchString(name), "%s has %q; take a name of at least two letters, digits and _ that begins with a letter", prop, name)
		}
		m.unless((*added)[name] != nil, "%s has no value for %s; give one", prop, name)
	}
}

// withVariables is a function's environment, ours and what is added.
func withVariables(ours map[string]*string, added *map[string]*string) *map[string]*string {
	if added != nil {
		maps.Copy(ours, *added)
	}
	return &ours
}
