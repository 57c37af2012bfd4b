package dynamodb

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// path leads from an item to an attribute in it.
type path []step

// step names an attribute, directly or by a #placeholder, or indexes a list.
type step struct {
	name    string
	index   int
	isIndex bool
}

// resolve replaces the placeholders.
func (p path) resolve(names map[string]string) path {
	resolved := slices.Clone(p)
	for i, s := range resolved {
		resolved[i].name = resolveName(s.name, names)
	}
	return resolved
}

func resolveName(name string, names map[string]string) string {
	if strings.HasPrefix(name, "#") {
		return names[name]
	}
	return name
}

// lookup returns the value at the path, or nil. The path may contain placeholders.
func (p path) lookup(item Item, names map[string]string) value {
	var v value = mapValue(item)
	for _, s := range p {
		if v = s.lookup(v, names); v == nil {
			return nil
		}
	}
	return v
}

func (s step) lookup(v value, names map[string]string) value {
	switch v := v.(type) {
	case mapValue:
		if !s.isIndex {
			return v[resolveName(s.name, names)]
		}
	case listValue:
		if s.isIndex && s.index < len(v) {
			return v[s.index]
		}
	}
	return nil
}

// overlaps reports whether one of the resolved paths leads to the other's attribute or into it.
func (p path) overlaps(other path) bool {
	n := min(len(p), len(other))
	return slices.Equal(p[:n], other[:n])
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

// project returns the attributes at the resolved paths, in the structure of the item.
// Selected list elements become adjacent.
func project(item Item, paths []path) Item {
	if projected, ok := projectValue(mapValue(item), paths).(mapValue); ok {
		return projected
	}
	return Item{}
}

// projectValue returns nil if no attribute is selected.
func projectValue(v value, paths []path) value {
	if slices.ContainsFunc(paths, func(p path) bool { return len(p) == 0 }) {
		return v
	}
	rest := map[step][]path{}
	for _, p := range paths {
		rest[p[0]] = append(rest[p[0]], p[1:])
	}
	steps := slices.SortedFunc(maps.Keys(rest), func(a, b step) int { return a.index - b.index })
	projectedMap, projectedList := mapValue{}, listValue{}
	for _, s := range steps {
		inner := s.lookup(v, nil)
		if inner != nil {
			inner = projectValue(inner, rest[s])
		}
		switch {
		case inner == nil:
		case s.isIndex:
			projectedList = append(projectedList, inner)
		default:
			projectedMap[s.name] = inner
		}
	}
	switch {
	case len(projectedMap) > 0:
		return projectedMap
	case len(projectedList) > 0:
		return projectedList
	}
	return nil
}
