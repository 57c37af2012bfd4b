package handler

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestStatus_SaysWhyAnEventWasDropped(t *testing.T) {
	for _, item := range everyStatus() {
		answer, err := json.Marshal(statusOf(item))
		if err != nil {
			t.Fatal(err)
		}
		if told := strings.Contains(string(answer), `"dropped":{"code":"test-order","reason":"r"}`); told != (item.Filtered.Code != "") {
			t.Errorf("of %+v it says %s", item, answer)
		}
	}
}
