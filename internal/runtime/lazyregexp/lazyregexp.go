// Package lazyregexp compiles a regular expression when it is first used. The Lambda functions
// therefore start faster. The source of the Go toolchain has a package of the same name.
package lazyregexp

import (
	"os"
	"regexp"
	"strings"
	"sync"
)

// Regexp represents a regular expression. It is safe for concurrent use.
type Regexp struct {
	text    string
	compile func() *regexp.Regexp
}

// New returns a regular expression. In a test it compiles the expression immediately, and panics if
// the expression is invalid.
func New(text string) *Regexp {
	r := &Regexp{text, sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })}
	if strings.HasSuffix(strings.TrimSuffix(os.Args[0], ".exe"), ".test") {
		r.compile()
	}
	return r
}

// MatchString reports whether the text matches.
func (r *Regexp) MatchString(text string) bool { return r.compile().MatchString(text) }

// Match reports whether the text matches.
func (r *Regexp) Match(text []byte) bool { return r.compile().Match(text) }

// ReplaceAllString replaces each match, as regexp.Regexp.ReplaceAllString does.
func (r *Regexp) ReplaceAllString(text, replacement string) string {
	return r.compile().ReplaceAllString(text, replacement)
}

// String returns the text of the expression.
func (r *Regexp) String() string { return r.text }
