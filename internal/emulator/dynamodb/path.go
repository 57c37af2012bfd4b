package dynamodb

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// parsePath leads from an item to an attribute within it.
type path []step

// step is the name of an attribute, or of a #placeholder for one, or an index into a list.
type step struct {
	name    string
	index   int
	isIndex bool
}

// resolve replaces the placeholders.
func (p path) resolve(names map[string]string) path {
	resolved := slices.Clone(p)
	for i, s := range resolved {
		if strings.HasPrefix(s.name, "#") {
			resolved[i].name = names[s.name]
		}
	}
	return resolved
}

// findVersion follows a path whose placeholders may be unresolved. It gives nil if nothing is there.
func (p path) lookup(item Item, names map[string]string) value {
	var at value = mapValue(item)
	for _, s := range p {
		if at = s.lookup(at, names); at == nil {
			return nil
		}
	}
	return at
}

func (s step) lookup(v value, names map[string]string) value {
	switch v := v.(type) {
	case mapValue:
		if s.isIndex {
			return nil
		}
		name := s.name
		if strings.HasPrefix(name, "#") {
			name = names[name]
		}
		return v[name]
	case listValue:
		if s.isIndex && s.index < len(v) {
			return v[s.index]
		}
	}
	return nil
}

// covers says whether the other path leads to the same attribute or into it.
func (p path) covers(other path) bool {
	return len(p) <= len(other) && slices.Equal(p, other[:len(p)])
}

func (p path) String() string {
	var steps []string
	for _, s := range p {
		if s.isIndex {
			steps = append(steps, fmt.Sprintf("[%d]", s.index))
			continue
		}
		steps = append(steps, s.name)
	}
	return "[" + strings.Join(steps, ", ") + "]"
}

// project gives what the resolved paths lead to, in the shape of the item. Elements of a list move together.
func project(item Item, paths []path) Item {
	if projected, ok := projectValue(mapValue(item), paths).(mapValue); ok {
		return Item(projected)
	}
	return Item{}
}

// projectValue gives nil if none of the paths leads anywhere.
func projectValue(v value, paths []path) value {
	if slices.ContainsFunc(paths, func(p path) bool { return len(p) == 0 }) {
		return v
	}
	behind := map[step][]path{}
	for _, p := range paths {
		behind[p[0]] = append(behind[p[0]], p[1:])
	}
	switch v := v.(type) {
	case mapValue:
		picked := mapValue{}
		for s, rest := range behind {
			if inner := s.lookup(v, nil); inner != nil {
				if inner = projectValue(inner, rest); inner != nil {
					picked[s.name] = inner
				}
			}
		}
		if len(picked) > 0 {
			return picked
		}
	case listValue:
		var picked listValue
		for _, s := range slices.SortedFunc(maps.Keys(behind), func(a, b step) int { return a.index - b.index }) {
			if inner := s.lookup(v, nil); inner != nil {
				if inner = projectValue(inner, behind[s]); inner != nil {
					picked = append(picked, inner)
				}
			}
		}
		if len(picked) > 0 {
			return picked
		}
	}
	return nil
}
