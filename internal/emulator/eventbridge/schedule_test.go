package eventbridge

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestParseRate_AcceptsOnlyValidRates(t *testing.T) {
	for expression, want := range map[string]time.Duration{
		"rate(1 minute)": time.Minute, "rate(15 minutes)": 15 * time.Minute,
		"rate(2 hours)": 2 * time.Hour, "rate(1 day)": 24 * time.Hour,
	} {
		if got, err := ParseRate(expression); err != nil || got != want {
			t.Errorf("%s: got %s, %v", expression, got, err)
		}
	}
	for _, expression := range []string{
		"", "rate(0 minutes)", "rate(1 second)", "rate(-1 minute)", "cron(0 12 * * ? *)",
		"rate(99999999999999999999 days)", "rate(1 minutes)", "rate(2 day)",
	} {
		if got, err := ParseRate(expression); err == nil {
			t.Errorf("%s: got %s, want an error", expression, got)
		}
	}
}

func TestSchedule_SendsAnEventAtItsRateUntilClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got [][]byte
		start := time.Now()
		var at []time.Duration
		s := New(Config{
			Region: "us-east-1", Account: "000000000000",
			Deliver: func(_ context.Context, d Delivery) error {
				got, at = append(got, d.Event), append(at, time.Since(start))
				return nil
			},
		})
		targets := []Target{{
			ID: "Target0", ARN: "arn:aws:lambda:us-east-1:000000000000:function:reconciler",
		}}
		for _, rule := range []Rule{
			{Name: "reconcile", Rate: time.Minute, Targets: targets},
			{Name: "off", Rate: time.Second, Disabled: true, Targets: targets},
		} {
			if err := s.PutRule(rule); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(150 * time.Second)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if len(at) != 2 || at[0] != time.Minute || at[1] != 2*time.Minute {
			t.Fatalf("sent at %v, want after one and two minutes", at)
		}
		var event envelope
		if err := json.Unmarshal(got[0], &event); err != nil {
			t.Fatal(err)
		}
		const ruleARN = "arn:aws:events:us-east-1:000000000000:rule/reconcile"
		if event.DetailType != "Scheduled Event" || event.Source != "aws.events" ||
			!slices.Equal(event.Resources, []string{ruleARN}) || string(event.Detail) != "{}" {
			t.Errorf("event = %s", got[0])
		}
		if err := s.Close(); err != nil { // a second call of Close must not fail
			t.Error(err)
		}
	})
}

func TestSchedule_RejectsAnInvalidTarget(t *testing.T) {
	s := New(Config{})
	rule := Rule{Name: "reconcile", Rate: time.Minute, Targets: []Target{{ID: "a", ARN: "b"}}}
	if err := s.PutRule(rule); err == nil {
		t.Error("got no error for an invalid target")
	}
}
