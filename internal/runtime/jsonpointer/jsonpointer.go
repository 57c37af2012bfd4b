// Package jsonpointer writes JSON pointers (RFC 6901).
package jsonpointer

import "strings"

var escape = strings.NewReplacer("~", "~0", "/", "~1")

// New returns the pointer that follows keys from the root; an array index is a key in decimal.
func New(keys ...string) string {
	var pointer strings.Builder
	for _, key := range keys {
		pointer.WriteString("/" + escape.Replace(key))
	}
	return pointer.String()
}
