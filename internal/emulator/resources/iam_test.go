package resources

import (
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cdkapp"
)

func TestManagedPolicy_HasTheNameAndThePathInTheTemplate(t *testing.T) {
	s, err := newTestProvider(t).Engine.Create(cdkapp.Stack{Name: "App", Template: []byte(`{
		"Resources": {"Readers": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {
			"ManagedPolicyName": "readers", "Path": "/shop/", "PolicyDocument": {}}}},
		"Outputs": {"Arn": {"Value": {"Ref": "Readers"}}}
	}`)})
	if err != nil {
		t.Fatal(err)
	}
	const want = "arn:aws:iam::000000000000:policy/shop/readers"
	if got := s.Outputs["Arn"]; got != want {
		t.Errorf("got the ARN %s, want %s", got, want)
	}
}
