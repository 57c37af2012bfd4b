package timeflag

import (
	"testing"
	"time"
)

func TestParseTime(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"2026-11-23T08:30:00+01:00": "2026-11-23T07:30:00Z",
		"2026-11-22T07:30:00.5Z":    "2026-11-22T07:30:00.5Z",
		"2026-11-01":                "2026-11-01T00:00:00Z",
		"90m":                       "2026-11-23T10:30:00Z",
		"7d":                        "2026-11-16T12:00:00Z",
		"0s":                        "2026-11-23T12:00:00Z",
	} {
		if got, err := Parse(text, now); err != nil || got.Format(time.RFC3339Nano) != want {
			t.Errorf("%q: %s, %v; want %s", text, got.Format(time.RFC3339Nano), err, want)
		}
	}
	for _, text := range []string{
		"", "x", "-1h", "+1h", "-2d", "2d3h", "7", "2026-13-01", "2026-11-23 10:00",
		"300000d", // longer than the longest Duration
	} {
		if got, err := Parse(text, now); err == nil {
			t.Errorf("%q parsed as %s", text, got)
		}
	}
}
