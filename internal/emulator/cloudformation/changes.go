package cloudformation

import (
	"reflect"
	"strings"
)

// Changes describes the differences between two templates of a stack.
type Changes struct {
	Before, After *Template
	// Resources maps the logical id of each added, removed or changed resource to its type.
	Resources map[string]string
}

// CompareFunc returns those properties of a resource that Compare compares. It returns false for a
// resource whose changes have no effect.
type CompareFunc func(Resource) (properties map[string]any, ok bool)

// Compare compares two templates of a stack.
func Compare(before, after *Template, compared CompareFunc) Changes {
	c := Changes{before, after, map[string]string{}}
	for id, old := range before.Resources {
		if _, kept := after.Resources[id]; !kept {
			if _, ok := compared(old); ok {
				c.Resources[id] = old.Type
			}
		}
	}
	for id, r := range after.Resources {
		properties, ok := compared(r)
		if !ok {
			continue
		}
		old, existed := before.Resources[id]
		oldProperties, _ := compared(old)
		if !existed || old.Type != r.Type || old.Condition != r.Condition ||
			!reflect.DeepEqual(oldProperties, properties) {
			c.Resources[id] = r.Type
		}
	}
	return c
}

// Sections returns the names of the template's changed sections, except Resources.
func (c Changes) Sections() []string {
	var changed []string
	for _, section := range []struct {
		name          string
		before, after any
	}{
		{"Parameters", c.Before.Parameters, c.After.Parameters},
		{"Mappings", c.Before.Mappings, c.After.Mappings},
		{"Conditions", c.Before.Conditions, c.After.Conditions},
		{"Outputs", c.Before.Outputs, c.After.Outputs},
	} {
		if !reflect.DeepEqual(section.before, section.after) {
			changed = append(changed, section.name)
		}
	}
	return changed
}

// Missing returns the logical ids of the resources that only a restart creates or updates: new
// resources, changed policies, and the roles of changed policies. Before the restart, new code that
// uses them can fail.
func (c Changes) Missing() map[string]bool {
	missing := map[string]bool{}
	for id, kind := range c.Resources {
		_, existed := c.Before.Resources[id]
		isPolicy := isIAM(kind) || strings.HasSuffix(kind, "Policy")
		if existed && !isPolicy {
			continue
		}
		missing[id] = true
		for _, t := range []*Template{c.Before, c.After} {
			for _, needed := range t.Needs(t.Resources[id]) {
				if isPolicy && isIAM(t.Resources[needed].Type) {
					missing[needed] = true
				}
			}
		}
	}
	return missing
}

func isIAM(resourceType string) bool { return strings.HasPrefix(resourceType, "AWS::IAM::") }
