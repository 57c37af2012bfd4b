package emulator

import (
	"errors"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/eventbridge"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/iam"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/lambda"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/resources"
)

func TestDeliverEvent_InvokesTheAliasOfATarget(t *testing.T) {
	const region, account = "us-east-1", "000000000000"
	functions := lambda.New(lambda.Config{Region: region, Account: account})
	defer functions.Close()
	if err := functions.CreateFunction(lambda.Function{Name: "fn", Dir: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	functions.AddQualifier("fn", "live", "1")
	s := &services{Services: resources.Services{Lambda: functions}}
	s.authorizer = iam.Authorizer{Region: region, Account: account}
	const arn = "arn:aws:lambda:" + region + ":" + account + ":function:fn"
	allowed, err := iam.ParseResourcePolicy([]byte(`{"Statement": {"Effect": "Allow",
		"Action": "lambda:InvokeFunction", "Resource": "` + arn + `:live",
		"Principal": {"Service": "events.amazonaws.com"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	s.authorizer.Policies.Resources = map[string][]iam.Document{
		arn: {}, arn + ":live": {allowed},
	}
	deliver := func(target string) error {
		return s.deliverEvent(t.Context(), eventbridge.Delivery{
			TargetARN: target, RuleARN: "arn:aws:events:us-east-1:000000000000:rule/all",
			Event: []byte("{}"),
		})
	}
	if err := deliver(arn + ":live"); err != nil {
		t.Errorf("alias with a permission: got %v", err)
	}
	var denied *iam.DeniedError
	if err := deliver(arn); !errors.As(err, &denied) {
		t.Errorf("function without a permission: got %v, want a denial", err)
	}
	s.noPolicies = true
	var missing *lambda.NotFoundError
	if err := deliver(arn + ":absent"); !errors.As(err, &missing) {
		t.Errorf("absent alias: got %v, want NotFoundError", err)
	}
}
