package logs

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// filter reports whether the text of a line matches a filter pattern.
type filter func(text string) bool

// maxPattern is the maximum number of characters in a filter pattern, as in CloudWatch Logs. It
// also limits the recursion of the type parser.
const maxPattern = 1024

// parseFilter parses a filter pattern: a list of terms, such as ?ERROR ?"timed out", or a condition
// on JSON lines, such as { $.status = "5*" }. The empty pattern matches every line.
func parseFilter(pattern string) (filter, error) {
	pattern = strings.TrimSpace(pattern)
	switch n := utf8.RuneCountInString(pattern); {
	case n > maxPattern:
		return nil, fmt.Errorf("a pattern must have at most %d characters, got %d", maxPattern, n)
	case strings.HasPrefix(pattern, "{"):
		return parseJSONFilter(pattern)
	case strings.HasPrefix(pattern, "["):
		return nil, errors.New("the local platform does not support patterns for " +
			"space-delimited lines")
	}
	return parseTerms(pattern)
}

// term matches a term: an optional sign, then a quoted text, a regular expression or a word.
var term = regexp.MustCompile(`^([?-]?)("(?:[^"\\]|\\.)*"|%[^%]+%|[^\s"%]+)(?:\s+|$)`)

var word = regexp.MustCompile(`^\w+$`)

// parseTerms parses a list of terms, with or without a sign:
//
//   - A line must contain all terms without a sign.
//   - A line must contain no term with the sign -.
//   - If all terms have the sign ?, a line must contain at least one of them. Otherwise, as in
//     CloudWatch Logs, the terms with this sign have no effect.
func parseTerms(pattern string) (filter, error) {
	var included, excluded, optional []filter
	for rest := pattern; rest != ""; {
		parts := term.FindStringSubmatch(rest)
		if parts == nil {
			return nil, fmt.Errorf("a term must be a word, a text in double quotes or a "+
				"regular expression between %%, got %q", rest)
		}
		rest = rest[len(parts[0]):]
		contains, err := parseTerm(parts[2])
		if err != nil {
			return nil, err
		}
		switch parts[1] {
		case "?":
			optional = append(optional, contains)
		case "-":
			excluded = append(excluded, contains)
		default:
			included = append(included, contains)
		}
	}
	return func(text string) bool {
		holds := func(f filter) bool { return f(text) }
		if len(included)+len(excluded) == 0 && len(optional) > 0 {
			return slices.ContainsFunc(optional, holds)
		}
		return !slices.ContainsFunc(excluded, holds) &&
			!slices.ContainsFunc(included, func(f filter) bool { return !f(text) })
	}, nil
}

func parseTerm(text string) (filter, error) {
	if expression, ok := cutQuotes(text, "%"); ok {
		compiled, err := regexp.Compile(expression)
		if err != nil {
			return nil, err
		}
		return compiled.MatchString, nil
	}
	quoted, ok := cutQuotes(text, `"`)
	if !ok && !word.MatchString(text) {
		return nil, fmt.Errorf("a term with special characters must be in double quotes, got %s",
			text)
	}
	if ok {
		text = unescape(quoted)
	}
	return func(line string) bool { return strings.Contains(line, text) }, nil
}

// cutQuotes removes the quote from both ends of the text. It returns false if a quote is missing.
func cutQuotes(text, quote string) (string, bool) {
	text, begins := strings.CutPrefix(text, quote)
	text, ends := strings.CutSuffix(text, quote)
	return text, begins && ends
}

// unescape replaces \" with " and \\ with \.
func unescape(text string) string { return strings.NewReplacer(`\\`, `\`, `\"`, `"`).Replace(text) }
