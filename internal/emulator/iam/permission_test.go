package iam

import (
	"encoding/base64"
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
	for _, c := range []struct{ operation, body, want string }{
		{"GetSecretValue", `{"SecretId":"github"}`, arn},
		{"GetSecretValue", `{"SecretId":"` + arn + `"}`, arn},
		{"CreateSecret", `{"Name":"github"}`, arn},
		{"ListSecrets", `{}`, "*"},
	} {
		call := protocol.Call{Service: "secretsmanager", Operation: c.operation}
		got, err := a.permissions(call, httptest.NewRequest("POST", "/", nil), []byte(c.body))
		wanted := []permission{{action: "secretsmanager:" + c.operation, resource: c.want}}
		if err != nil || !reflect.DeepEqual(got, wanted) {
			t.Errorf("%s %s: got %v, %v, want %v", c.operation, c.body, got, err, wanted)
		}
	}
}

// The authorizer must ignore parameters that the operation does not have. Otherwise, a caller could
// choose the required permissions.
func TestPermissions_IgnoreParametersThatTheOperationDoesNotHave(t *testing.T) {
	handle := base64.StdEncoding.EncodeToString([]byte(`{"sourceArn":"` + queue + `"}`))
	for _, c := range []struct{ service, operation, body, want string }{
		{"dynamodb", "PutItem", `{"TableName":"t","TransactItems":[]}`, dynamo + "table/t"},
		{"dynamodb", "PutItem", `{"TableName":"t","RequestItems":{}}`, dynamo + "table/t"},
		{"dynamodb", "PutItem", `{"TableName":"t","IndexName":"i"}`, dynamo + "table/t"},
		{"dynamodb", "ListTables", `{"TableName":"t"}`, "*"},
		{"sqs", "StartMessageMoveTask", `{"SourceArn":"a","TaskHandle":"` + handle + `"}`, "a"},
		{"sqs", "GetQueueUrl", `{"QueueName":"q","QueueUrl":"http://h/1/other"}`, queue},
		{"sqs", "SendMessage", `{"QueueName":"other","QueueUrl":"http://h/1/q"}`, queue},
		{"events", "PutRule", `{"Name":"a","Rule":"b"}`, events + "rule/a"},
		{"events", "PutTargets", `{"Name":"a","Rule":"b"}`, events + "rule/b"},
		{"events", "ListRules", `{"Name":"a"}`, "*"},
		{"secretsmanager", "CreateSecret", `{"Name":"a","SecretId":"b"}`, secret + "a-local1"},
		{"secretsmanager", "GetSecretValue", `{"Name":"a","SecretId":"b"}`, secret + "b-local1"},
		{"secretsmanager", "ListSecrets", `{"SecretId":"b"}`, "*"},
	} {
		authorizer := Authorizer{Region: "us-east-1", Account: account}
		call := protocol.Call{Service: c.service, Operation: c.operation}
		r := httptest.NewRequest("POST", "/", nil)
		got, err := authorizer.permissions(call, r, []byte(c.body))
		want := permission{action: c.service + ":" + c.operation, resource: c.want}
		if err != nil || len(got) == 0 || !reflect.DeepEqual(got[0], want) {
			t.Errorf("%s %s: got %v, %v, want %v", c.operation, c.body, got, err, want)
		}
	}
	r := httptest.NewRequest("GET", "/?Action=DescribeStacks", nil)
	got, err := queryPermissions(r, []byte("Action=GetCallerIdentity"))
	if err != nil || len(got) != 1 || got[0].action != "cloudformation:DescribeStacks" {
		t.Errorf("a GET request with a body: got %v, %v", got, err)
	}
}

const secret = "arn:aws:secretsmanager:us-east-1:" + account + ":secret:"
