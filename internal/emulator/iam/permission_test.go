package iam

import (
	"net/http/httptest"
	"reflect"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

func TestPermissions_RequireAllResourcesForOtherServices(t *testing.T) {
	call := protocol.Call{Service: "kinesis", Operation: "PutRecord"}
	r := httptest.NewRequest("POST", "/", nil)
	got, err := Authorizer{}.permissions(call, r, nil)
	want := []permission{{action: "kinesis:PutRecord", resource: "*"}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}
