// Package jsonpointer writes and reads JSON pointers (RFC 6901).
package jsonpointer

import "strings"

var (
	escape   = strings.NewReplacer("~", "~0", "/", "~1")
	unescape = strings.NewReplacer("~1", "/", "~0", "~")
)

// New returns the pointer to a value. The keys lead from the root to the value. The key of an
// array's element is its index as a decimal number.
func New(keys ...string) string {
	var pointer strings.Builder
	for _, key := range keys {
		pointer.WriteString("/" + escape.Replace(key))
	}
	return pointer.String()
}

// Split returns the keys of a JSON pointer. The pointer must be empty or begin with a slash.
func Split(pointer string) []string {
	if pointer == "" {
		return nil
	}
	keys := strings.Split(pointer[1:], "/")
	for i, key := range keys {
		keys[i] = unescape.Replace(key)
	}
	return keys
}
