// Package jsonpointer writes JSON pointers (RFC 6901).
package jsonpointer

import "strings"

var escape = strings.NewReplacer("~", "~0", "/", "~1")

// New returns the pointer to a value. keys holds the keys on the way from the root to the value. An
// array index is a decimal key.
func New(keys ...string) string {
	var pointer strings.Builder
	for _, key := range keys {
		pointer.WriteString("/" + escape.Replace(key))
	}
	return pointer.String()
}
