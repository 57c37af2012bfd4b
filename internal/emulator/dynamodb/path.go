package dynamodb

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// path lists the steps from an item to one of its top-level or nested attributes.
type path []step

// step selects an attribute of a map or an element of a list. name can be a #placeholder.
type step struct {
	name    string
	index   int
	isIndex bool
}

// resolve returns a copy of the path with attribute names instead of #placeholders.
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

// lookup returns the value at the path, or nil if the item has none. The path can contain
// #placeholders.
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

// overlaps reports whether two resolved paths are equal, or one begins with the other.
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

// project returns an item with only the attributes at the resolved paths. Nested attributes stay
// nested. The indexes of list elements can change, because a list keeps only the selected elements.
func project(item Item, paths []path) Item {
	if projected, ok := projectValue(mapValue(item), paths).(mapValue); ok {
		return projected
	}
	return Item{}
}

// projectValue projects one value. It returns nil if the paths select nothing in the value.
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
