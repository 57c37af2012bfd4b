package templates

import (
	"encoding/json"
	"slices"
	"testing"
)

// statement represents one of a policy document. A single value and a list become a sorted list.
type statement struct {
	Effect    string
	Principal any
	Actions   []string
	Resources []string
	Condition map[string]any
}

var everybody = map[string]any{"AWS": "*"}

// statements returns those of a policy of any type.
func (r resource) statements(t *testing.T) []statement {
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
	var list []statement
	for _, s := range document.Statement {
		list = append(list, statement{s.Effect, s.Principal, s.Action, s.Resource, s.Condition})
	}
	return list
}

// when formats the condition to follow an action; "" without one.
func (s statement) when(t *testing.T) string {
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
