package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// parseMoment reads a point in time: RFC 3339, a day (its beginning, in UTC), or how long ago it was, as in 90m, 24h, 7d.
func parseMoment(text string, now time.Time) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	if ago, err := parseAge(text); err == nil {
		return now.Add(-ago).UTC(), nil
	}
	return time.Time{}, fmt.Errorf("%q is no point in time; give one as 2026-11-23T07:30:00Z, as 2026-11-23 (in UTC), or as how long ago it was, such as 90m, 24h or 7d", text)
}

// parseAge reads a duration, in days too.
func parseAge(text string) (time.Duration, error) {
	age, err := time.ParseDuration(text)
	if number, ok := strings.CutSuffix(text, "d"); ok {
		var days int
		days, err = strconv.Atoi(number)
		age = time.Duration(days) * 24 * time.Hour
	}
	if err != nil || age < 0 || strings.HasPrefix(text, "+") {
		return 0, fmt.Errorf("%q is no length of time; give one such as 90m, 24h or 7d", text)
	}
	return age, nil
}
