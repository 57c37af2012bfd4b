package templates

import (
	"encoding/json"
	"slices"
	"testing"
)

// statement represents a statement of a policy. Actions and resources are sorted lists, even with
// one element.
type statement struct {
	Effect    string
	Principal any
	Actions   []string
	Resources []string
	Condition map[string]any
}

var everybody = map[string]any{"AWS": "*"}

// statements returns the statements of a resource that contains a policy document.
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

// conditionText returns the condition as text, or "" if there is no condition.
func (s statement) conditionText(t *testing.T) string {
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
