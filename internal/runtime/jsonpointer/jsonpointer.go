// Package jsonpointer writes JSON pointers (RFC 6901).
package jsonpointer

import "strings"

var escape = strings.NewReplacer("~", "~0", "/", "~1")

// New returns the pointer to the value that keys lead to from the root. An array index is a decimal
// key.
func New(keys ...string) string {
	var pointer strings.Builder
	for _, key := range keys {
		pointer.WriteString("/" + escape.Replace(key))
	}
	return pointer.String()
}
