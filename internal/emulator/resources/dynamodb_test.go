package resources

import (
	"maps"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cdkapp"
)

func TestTable_IsEncryptedWithTheKeyOfItsReplica(t *testing.T) {
	p := newTestProvider(t)
	_, err := p.Engine.Create(cdkapp.Stack{Name: "App", Template: []byte(`{"Resources": {
		"Events": {"Type": "AWS::DynamoDB::GlobalTable", "Properties": {"TableName": "events",
			"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
			"AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
			"SSESpecification": {"SSEEnabled": true, "SSEType": "KMS"},
			"Replicas": [
				{"Region": "eu-west-1", "SSESpecification": {"KMSMasterKeyId": "other"}},
				{"Region": {"Ref": "AWS::Region"}, "SSESpecification": {"KMSMasterKeyId": "own"}}
			]}}
	}}`)})
	if err != nil {
		t.Fatal(err)
	}
	const table = "arn:aws:dynamodb:us-east-1:000000000000:table/events"
	want := map[string]string{table: "arn:aws:kms:us-east-1:000000000000:key/own"}
	if !maps.Equal(p.iam.keys, want) {
		t.Errorf("got the keys %v, want %v", p.iam.keys, want)
	}
}
