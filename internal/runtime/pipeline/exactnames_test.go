package pipeline

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// withSimilarNames appends members to each object in text. Their names match known member
// names only if the case of letters is ignored.
func withSimilarNames(text []byte) []byte {
	return bytes.ReplaceAll(text, []byte("}"), []byte(`,"EVENTID":"x","EventType":"x",`+
		`"Bucket":"x","\u212aey":"x","Id":"x","TYPE":"x","\u017fha256":"x","PAYLOAD":2,`+
		`"CALLER":"x"}`))
}

func TestReadMessage_IgnoresSimilarNames(t *testing.T) {
	event := testEvent()
	event.Caller, event.Replay = "anna", Replay{ID: testID, Redrives: 1, Quiet: true}
	message, err := newMessage(event)
	if err != nil {
		t.Fatal(err)
	}
	similar := withSimilarNames(message)
	got, err := ReadMessage(similar, "bronze")
	if err != nil || got != event {
		t.Errorf("%s: got %+v, %v", similar, got, err)
	}
	if _, err := ReadMessage([]byte(strings.ToUpper(string(message))), "BRONZE"); err == nil {
		t.Error("a message in upper case was accepted")
	}
}

func TestReadRecords_IgnoresSimilarNames(t *testing.T) {
	output := Output{Payloads: []json.RawMessage{[]byte(`1`), []byte(`"\ud83d"`)}}
	records := NewRecords(testEvent(), output, testNow)
	lines, err := records.Lines()
	if err != nil {
		t.Fatal(err)
	}
	similar := withSimilarNames(lines)
	got, err := ReadRecords(similar)
	if err != nil {
		t.Fatalf("%s: %v", similar, err)
	}
	if diff := cmp.Diff(records, got); diff != "" {
		t.Errorf("decoded (-want +got):\n%s", diff)
	}
}
