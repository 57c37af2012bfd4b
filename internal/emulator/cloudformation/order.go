package cloudformation

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// Order sorts the resources: each one comes after the resources that it refers to or depends on. It
// includes resources whose condition is false.
//
// Otherwise, resources keep the template's order. APIs get their ports in this order, so a new API
// at the end does not change other APIs' ports.
func (t *Template) Order() ([]Resource, error) {
	o := ordering{template: t, state: map[string]visit{}}
	for _, id := range t.order {
		if err := o.visit(id); err != nil {
			return nil, err
		}
	}
	return o.sorted, nil
}

type visit int

const (
	unseen visit = iota
	underWay
	done
)

type ordering struct {
	template *Template
	state    map[string]visit
	path     []string // logical ids of the resources under way; each resource needs the next one
	sorted   []Resource
}

func (o *ordering) visit(id string) error {
	switch o.state[id] {
	case done:
		return nil
	case underWay:
		cycle := append(slices.Clone(o.path[slices.Index(o.path, id):]), id)
		return fmt.Errorf("resources must not refer to each other in a cycle, got %s",
			strings.Join(cycle, " -> "))
	}
	o.state[id] = underWay
	o.path = append(o.path, id)
	resource := o.template.Resources[id]
	for _, other := range resource.DependsOn {
		if _, ok := o.template.Resources[other]; !ok {
			return fmt.Errorf("resource %s: DependsOn must name resources in the template, got %s",
				id, other)
		}
	}
	for _, other := range o.template.Needs(resource) {
		if err := o.visit(other); err != nil {
			return err
		}
	}
	o.path = o.path[:len(o.path)-1]
	o.state[id] = done
	o.sorted = append(o.sorted, resource)
	return nil
}

// Needs returns the sorted logical ids of the resources that a resource refers to or depends on.
func (t *Template) Needs(r Resource) []string {
	needs := map[string]bool{}
	for _, other := range r.DependsOn {
		needs[other] = true
	}
	t.references(r.Properties, needs)
	t.references(r.Metadata, needs)
	return slices.Sorted(maps.Keys(needs))
}

// references finds the resources that a value refers to. It adds their logical ids to found.
func (t *Template) references(value any, found map[string]bool) {
	add := func(id string) {
		if _, ok := t.Resources[id]; ok {
			found[id] = true
		}
	}
	switch v := value.(type) {
	case []any:
		for _, element := range v {
			t.references(element, found)
		}
	case map[string]any:
		name, argument := intrinsic(v)
		switch name {
		case "Ref":
			id, _ := argument.(string)
			add(id)
		case "Fn::GetAtt":
			id, _, _ := attribute(argument)
			add(id)
		case "Fn::Sub":
			text, variables, _ := substitution(argument)
			for _, reference := range variable.FindAllStringSubmatch(text, -1) {
				name := strings.TrimSpace(reference[1])
				if _, local := variables[name]; !local {
					id, _, _ := strings.Cut(name, ".")
					add(id)
				}
			}
		}
		for _, element := range v {
			t.references(element, found)
		}
	}
}

// resourceOrder returns the logical ids of a template's resources in the order of the template.
func resourceOrder(template []byte) (ids []string, err error) {
	var document struct{ Resources json.RawMessage }
	if err := protocol.Decode(template, &document); err != nil || document.Resources == nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(document.Resources))
	if _, err := decoder.Token(); err != nil { // the brace at the start
		return nil, err
	}
	for decoder.More() {
		id, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		var resource json.RawMessage
		if err := decoder.Decode(&resource); err != nil {
			return nil, err
		}
		ids = append(ids, fmt.Sprint(id))
	}
	return ids, nil
}
