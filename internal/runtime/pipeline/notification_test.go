package pipeline

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestNewNotification_EncodesTheDetail(t *testing.T) {
	common := `{"eventId":"` + testID +
		`","eventType":"demo","status":"%s","receivedAt":"2026-11-23T07:30:00.123Z",%s` +
		`"bronze":{"bucket":"bronze","key":"bronze/demo/2026/11/23/07/` + testID + `.json"},%s}`
	at := time.Date(2026, 11, 23, 7, 30, 1, 0, time.UTC)
	for _, c := range []struct {
		item           Item
		kind, detail   string
		stamp, outcome string
	}{
		{Item{Event: testEvent(), Status: Processed, ProcessedAt: at,
			Silver: Location{"silver", "key"}}, "EventProcessed", "PROCESSED",
			`"processedAt":"2026-11-23T07:30:01Z",`, `"silver":{"bucket":"silver","key":"key"}`},
		{Item{Event: testEvent(), Status: Failed, FailedAt: at, Failure: Failure{"code", "why"}},
			"EventFailed", "FAILED",
			`"failedAt":"2026-11-23T07:30:01Z",`, `"failure":{"code":"code","reason":"why"}`},
	} {
		notification := NewNotification(c.item)
		got, err := json.Marshal(notification.Detail)
		if err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprintf(common, c.detail, c.stamp, c.outcome)
		if notification.Type != c.kind || string(got) != want {
			t.Errorf("got  %s %s\nwant %s %s", notification.Type, got, c.kind, want)
		}
	}
}

// A consumer must be able to distinguish a repeated notification from the notification of a later
// replay or redrive.
func TestNewNotification_IdentifiesTheGeneration(t *testing.T) {
	item := Item{Event: testEvent(), Status: Processed}
	item.Replay = Replay{ID: "replay-1", Redrives: 2}
	got := NewNotification(item).Detail
	if got.ReplayID != "replay-1" || got.Redrives != 2 {
		t.Errorf("got replay %q, %d redrives, want replay-1, 2", got.ReplayID, got.Redrives)
	}
}

func TestNewFailure_HidesTheTextOfServices(t *testing.T) {
	secret := errors.New("arn:aws:secret is not reachable")
	got := NewFailure(Errorf(PayloadMissing, "Bronze has no object"))
	if got != (Failure{PayloadMissing, "Bronze has no object"}) {
		t.Errorf("got %+v", got)
	}
	for _, err := range []error{secret, unavailable("get the payload", secret),
		&Error{Code: Internal, Detail: "panic: secret", Err: secret}} {
		got := NewFailure(err)
		if got.Code != ErrorCode(err) ||
			got.Reason != "the platform could not finish the event; "+
				"search the worker's log for the event's id to find the cause" {
			t.Errorf("%v: got %+v", err, got)
		}
	}
}
