package synth

import (
	"encoding/json"
	"slices"
	"testing"
)

// Statement represents a statement of a policy. Actions and resources are sorted lists, even with
// one element.
type Statement struct {
	Effect    string
	Principal any
	Actions   []string
	Resources []string
	Condition map[string]any
}

// Everybody is the principal of a statement that applies to all callers.
var Everybody = map[string]any{"AWS": "*"}

// Statements returns the statements of a resource that contains a policy document.
func (r Resource) Statements(t *testing.T) []Statement {
	t.Helper()
	raw, err := json.Marshal(r.Properties["PolicyDocument"])
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Statement []struct {
			Effect           string
			Principal        any
			Action, Resource oneOrMany
			Condition        map[string]any
		}
	}
	if err := json.Unmarshal(raw, &document); err != nil {
		t.Fatalf("read the policy: %v", err)
	}
	var list []Statement
	for _, s := range document.Statement {
		list = append(list, Statement{s.Effect, s.Principal, s.Action, s.Resource, s.Condition})
	}
	return list
}

// ConditionText returns the condition as text, or "" if there is no condition.
func (s Statement) ConditionText(t *testing.T) string {
	t.Helper()
	if s.Condition == nil {
		return ""
	}
	condition, err := json.Marshal(s.Condition)
	if err != nil {
		t.Fatal(err)
	}
	return " if " + string(condition)
}

type oneOrMany []string

func (o *oneOrMany) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*o = []string{one}
		return nil
	}
	if err := json.Unmarshal(raw, (*[]string)(o)); err != nil {
		return err
	}
	slices.Sort(*o)
	return nil
}
