// Package timeflag parses the times and ages in flags and forms.
package timeflag

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Parse parses a time in RFC 3339, a day (its start in UTC), or an age such as 90m, 24h or 7d.
func Parse(value string, now time.Time) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, value); err == nil {
			return t.UTC(), nil
		}
	}
	if age, err := ParseAge(value); err == nil {
		return now.Add(-age).UTC(), nil
	}
	return time.Time{}, fmt.Errorf("invalid time %q: use RFC 3339 such as 2026-11-23T07:30:00Z, "+
		"a day such as 2026-11-23 (UTC), or an age such as 90m, 24h or 7d", value)
}

// ParseAge parses a duration of zero or more. The unit d means days.
func ParseAge(value string) (time.Duration, error) {
	age, err := time.ParseDuration(value)
	if number, ok := strings.CutSuffix(value, "d"); ok {
		var days int64
		days, err = strconv.ParseInt(number, 10, 17) // 65,535 days fit in a Duration
		age = time.Duration(days) * 24 * time.Hour
	}
	if err != nil || age < 0 || strings.HasPrefix(value, "+") {
		return 0, fmt.Errorf("invalid duration %q: use an age such as 90m, 24h or 7d", value)
	}
	return age, nil
}
