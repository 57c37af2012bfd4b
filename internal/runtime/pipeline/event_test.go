package pipeline

import (
	"strings"
	"testing"
	"time"
)

var testNow = time.Date(2026, 11, 23, 7, 30, 0, 123456789, time.UTC)

const testID = "0199aaaa-0000-7000-8000-000000000001"

func testEvent() Event {
	e := Event{ID: testID, Type: "demo", ReceivedAt: testNow.Truncate(time.Millisecond),
		SHA256: strings.Repeat("ab", 32), Bytes: 2}
	e.Bronze = Location{Bucket: "bronze", Key: e.BronzeKey()}
	return e
}

func TestEvent_KeysUseUTC(t *testing.T) {
	e := testEvent()
	e.ReceivedAt = e.ReceivedAt.In(time.FixedZone("", -8*3600))
	if got, want := e.BronzeKey(), "bronze/demo/2026/11/23/07/"+testID+".json"; got != want {
		t.Errorf("BronzeKey = %s, want %s", got, want)
	}
	if got, want := e.SilverKey(), "silver/demo/dt=2026-11-23/"+testID+".json"; got != want {
		t.Errorf("SilverKey = %s, want %s", got, want)
	}
}

func TestEvent_ValidateRejectsMalformedEvents(t *testing.T) {
	if err := testEvent().Validate("bronze"); err != nil {
		t.Fatal(err)
	}
	keyed := testEvent()
	keyed.Bronze.Key = keyed.KeyedBronzeKey()
	if err := keyed.Validate("bronze"); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*Event){
		"id":           func(e *Event) { e.ID = "../" + testID },
		"upper case":   func(e *Event) { e.ID = "0199AAAA-0000-7000-8000-000000000001" },
		"type":         func(e *Event) { e.Type = "a/b" },
		"receivedAt":   func(e *Event) { e.ReceivedAt = time.Time{} },
		"hash":         func(e *Event) { e.SHA256 = "AB" },
		"other bucket": func(e *Event) { e.Bronze.Bucket = "secrets" },
		"other key":    func(e *Event) { e.Bronze.Key = "bronze/demo/other.json" },
	} {
		e := testEvent()
		change(&e)
		if err := e.Validate("bronze"); ErrorCode(err) != InvalidMessage {
			t.Errorf("%s: got %v, want %s", name, err, InvalidMessage)
		}
	}
}

func TestParseBronzeKey_ReadsBothForms(t *testing.T) {
	e := testEvent()
	for _, key := range []string{e.BronzeKey(), e.KeyedBronzeKey()} {
		id, hour, ok := parseBronzeKey(key)
		if !ok || id != testID || !hour.Equal(testNow.Truncate(time.Hour)) {
			t.Errorf("%s: got %s, %s, %t", key, id, hour, ok)
		}
	}
	for _, key := range []string{"", "bronze/demo/" + testID + ".json",
		"bronze/demo/2026/11/23/07/readme.json", "bronze/demo/2026/11/23/xx/" + testID + ".json"} {
		if _, _, ok := parseBronzeKey(key); ok {
			t.Errorf("%s was accepted as an event's key", key)
		}
	}
}
