package pipeline

import (
	"testing"
	"time"
)

var testNow = time.Date(2026, 11, 23, 7, 30, 0, 123456789, time.UTC)

const testID = "0199aaaa-0000-7000-8000-000000000001"

func testEvent() Event {
	e := Event{ID: testID, Type: "demo", ReceivedAt: testNow.Truncate(time.Millisecond), SHA256: "ab", Bytes: 2}
	e.Bronze = Location{Bucket: "bronze", Key: e.BronzeKey()}
	return e
}

func TestEvent_KeysFollowFromTheEventInUTC(t *testing.T) {
	e := testEvent()
	e.ReceivedAt = e.ReceivedAt.In(time.FixedZone("", -8*3600))
	if got, want := e.BronzeKey(), "bronze/demo/2026/11/23/07/"+testID+".json"; got != want {
		t.Errorf("BronzeKey = %s, want %s", got, want)
	}
	if got, want := e.SilverKey(), "silver/demo/dt=2026-11-23/"+testID+".json"; got != want {
		t.Errorf("SilverKey = %s, want %s", got, want)
	}
}

func TestEvent_CheckRefusesWhatIsNotOurs(t *testing.T) {
	if err := testEvent().Check("bronze"); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Event){
		"id":           func(e *Event) { e.ID = "../" + testID },
		"upper case":   func(e *Event) { e.ID = "0199AAAA-0000-7000-8000-000000000001" },
		"type":         func(e *Event) { e.Type = "a/b" },
		"receivedAt":   func(e *Event) { e.ReceivedAt = time.Time{} },
		"other bucket": func(e *Event) { e.Bronze.Bucket = "secrets" },
		"other key":    func(e *Event) { e.Bronze.Key = "bronze/demo/other.json" },
	} {
		e := testEvent()
		change(&e)
		if err := e.Check("bronze"); CodeOf(err) != InvalidMessage {
			t.Errorf("%s: got %v, want %s", name, err, InvalidMessage)
		}
	}
}
