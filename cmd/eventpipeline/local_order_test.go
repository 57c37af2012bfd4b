package main

import (
	"slices"
	"testing"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/activity"
)

func TestStepPrinter_PrintsInTheOrderOfTimes(t *testing.T) {
	var p stepPrinter
	now := time.Now()
	add := func(name string, ago time.Duration) {
		p.add(activity.Step{Name: name, Time: now.Add(-ago)})
	}
	add("published", 10*time.Millisecond)
	add("processed", 9*time.Millisecond) // lines of functions arrive late
	add("accepted", 30*time.Millisecond)
	add("wrong clock", -time.Hour)
	var printed []string
	print := func(s activity.Step) error {
		printed = append(printed, s.Name)
		return nil
	}
	want := func(until time.Time, names ...string) {
		t.Helper()
		if err := p.flush(until); err != nil || !slices.Equal(printed, names) {
			t.Errorf("printed %v, %v; want %v", printed, err, names)
		}
	}
	want(now) // nothing, before the platform is announced
	if err := p.start(print, func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	want(now.Add(-20*time.Millisecond), "accepted")
	want(now, "accepted", "published", "processed")
	add("late", time.Minute)
	want(now, "accepted", "published", "processed", "late")
	want(time.Now(), "accepted", "published", "processed", "late", "wrong clock")
}
