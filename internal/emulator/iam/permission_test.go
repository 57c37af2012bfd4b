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

func TestPermissions_NameTheSecret(t *testing.T) {
	a := Authorizer{Region: "us-east-1", Account: "000000000000"}
	const arn = "arn:aws:secretsmanager:us-east-1:000000000000:secret:github-local1"
	for body, want := range map[string]string{
		`{"SecretId":"github"}`: arn, `{"SecretId":"` + arn + `"}`: arn, `{"Name":"github"}`: arn,
		`{}`: "*",
	} {
		call := protocol.Call{Service: "secretsmanager", Operation: "GetSecretValue"}
		got, err := a.permissions(call, httptest.NewRequest("POST", "/", nil), []byte(body))
		wanted := []permission{{action: "secretsmanager:GetSecretValue", resource: want}}
		if err != nil || !reflect.DeepEqual(got, wanted) {
			t.Errorf("%s: got %v, %v, want %v", body, got, err, wanted)
		}
	}
}
