package console

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/dlq"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/timeflag"
)

// filterFields lists the fields of a filter's form.
var filterFields = []string{"ids", "code", "type", "status", "older", "newer"}

// readFilter reads the filter from the fields of a form. It rejects unknown fields, because a form
// with a misspelled field must not select all messages.
func readFilter(values url.Values) (dlq.Filter, error) {
	for name := range values {
		if !slices.Contains(filterFields, name) {
			return dlq.Filter{}, fmt.Errorf("unknown field %q in the filter", name)
		}
	}
	list := func(name string) []string {
		return strings.FieldsFunc(values.Get(name), func(r rune) bool {
			return r == ',' || r == ' ' || r == '\n' || r == '\t' || r == '\r'
		})
	}
	f := dlq.Filter{
		IDs: list("ids"), Codes: list("code"), Types: list("type"), Statuses: list("status"),
	}
	for _, code := range f.Codes {
		if !dlq.IsCode(code) {
			return f, fmt.Errorf("unknown code %q: docs/runbooks.md lists the codes", code)
		}
	}
	for _, id := range f.IDs {
		if err := checkID(id); err != nil {
			return f, err
		}
	}
	for name, age := range map[string]**time.Duration{
		"older": &f.OlderThan, "newer": &f.NewerThan,
	} {
		if text := strings.TrimSpace(values.Get(name)); text != "" {
			parsed, err := timeflag.ParseAge(text)
			if err != nil {
				return f, err
			}
			*age = &parsed
		}
	}
	return f, nil
}

// listCommand returns the words of the command that lists the messages of a valid filter. For one
// id, the command is dlq show. Several ids are omitted, because dlq list has no flag for ids.
func listCommand(f dlq.Filter, values url.Values) []string {
	if len(f.IDs) == 1 {
		return []string{"dlq show", f.IDs[0]}
	}
	words := []string{"dlq list"}
	for _, flag := range []struct{ name, value string }{
		{"--code", strings.Join(f.Codes, ",")}, {"--type", strings.Join(f.Types, ",")},
		{"--status", strings.Join(f.Statuses, ",")},
		{"--older-than", strings.TrimSpace(values.Get("older"))},
		{"--newer-than", strings.TrimSpace(values.Get("newer"))},
	} {
		if flag.value != "" {
			words = append(words, flag.name, shellQuote(flag.value))
		}
	}
	return words
}

// describeFilter returns a title that names the messages that the filter selects.
func describeFilter(f dlq.Filter) string {
	var parts []string
	if len(f.IDs) > 3 {
		parts = append(parts, quantity(len(f.IDs), "id"))
	} else {
		parts = append(parts, f.IDs...)
	}
	for _, each := range []struct {
		name   string
		values []string
	}{{"code ", f.Codes}, {"type ", f.Types}, {"status ", f.Statuses}} {
		if len(each.values) > 0 {
			parts = append(parts, each.name+strings.Join(each.values, " or "))
		}
	}
	if f.OlderThan != nil {
		parts = append(parts, "older than "+f.OlderThan.String())
	}
	if f.NewerThan != nil {
		parts = append(parts, "newer than "+f.NewerThan.String())
	}
	if len(parts) == 0 {
		return "all messages"
	}
	return escape(strings.Join(parts, ", "))
}
