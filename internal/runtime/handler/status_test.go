package handler

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestStatus_ReportsWhyEventWasFiltered(t *testing.T) {
	for _, item := range everyStatus() {
		resp, err := json.Marshal(NewEventStatus(item))
		if err != nil {
			t.Fatal(err)
		}
		reported := strings.Contains(string(resp), `"dropped":{"code":"test-order","reason":"r"}`)
		if reported != (item.Filtered.Code != "") {
			t.Errorf("the status of %+v is %s", item, resp)
		}
	}
}
