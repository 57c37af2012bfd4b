package eventbridge

import (
	"context"
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"
)

func TestParseRate(t *testing.T) {
	for expression, want := range map[string]time.Duration{
		"rate(1 minute)": time.Minute, "rate(15 minutes)": 15 * time.Minute, "rate(2 hours)": 2 * time.Hour, "rate(1 day)": 24 * time.Hour,
	} {
		if got, err := ParseRate(expression); err != nil || got != want {
			t.Errorf("%s: got %s, %v", expression, got, err)
		}
	}
	for _, expression := range []string{"", "rate(0 minutes)", "rate(1 second)", "rate(-1 minute)", "cron(0 12 * * ? *)", "rate(99999999999999999999 days)"} {
		if got, err := ParseRate(expression); err == nil {
			t.Errorf("%s: got %s", expression, got)
		}
	}
}

func TestSchedule_SendsAnEventAtItsRateUntilClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got [][]byte
		start := time.Now()
		var at []time.Duration
		s := New(Config{Region: "us-east-1", Account: "000000000000", Deliver: func(_ context.Context, d Delivery) error {
			got, at = append(got, d.Event), append(at, time.Since(start))
			return nil
		}})
		target := Target{ID: "Target0", ARN: "arn:aws:lambda:us-east-1:000000000000:function:reconciler"}
		if err := s.PutRule(Rule{Name: "reconcile", Rate: time.Minute, Targets: []Target{target}}); err != nil {
			t.Fatal(err)
		}
		if err := s.PutRule(Rule{Name: "off", Rate: time.Second, Disabled: true, Targets: []Target{target}}); err != nil {
			t.Fatal(err)
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
		if event.DetailType != "Scheduled Event" || event.Source != "aws.events" || len(event.Resources) != 1 ||
			event.Resources[0] != "arn:aws:events:us-east-1:000000000000:rule/reconcile" || string(event.Detail) != "{}" {
			t.Errorf("event = %s", got[0])
		}
		if err := s.Close(); err != nil { // again, as a platform that fails does
			t.Error(err)
		}
	})
}

func TestSchedule_RefusesATargetThatIsNone(t *testing.T) {
	s := New(Config{})
	if err := s.PutRule(Rule{Name: "reconcile", Rate: time.Minute, Targets: []Target{{ID: "a", ARN: "b"}}}); err == nil {
		t.Error("no error")
	}
}
