package eventpipeline_test

import (
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/test/synth"
)

const (
	busARN   = "arn:aws:events:us-east-1:222222222222:event-bus/shared"
	tableARN = "arn:aws:dynamodb:us-east-1:222222222222:table/lifecycle"
)

func busAndTable(scope constructs.Construct) *props {
	return &props{
		EventBus: awsevents.EventBus_FromEventBusArn(
			scope, jsii.String("YourBus"), jsii.String(busARN)),
		EventsTable: awsdynamodb.Table_FromTableArn(
			scope, jsii.String("YourTable"), jsii.String(tableARN)),
	}
}

func stackIn(app awscdk.App, id, account, region string) awscdk.Stack {
	return awscdk.NewStack(
		app, &id, &awscdk.StackProps{Env: &awscdk.Environment{Account: &account, Region: &region}})
}

// The functions know the bus and the table by name. In another account or region, the same name
// refers to another resource.
func TestExisting_BusAndTableMustBeInTheStacksEnvironment(t *testing.T) {
	app := synth.NewApp(t, nil)
	synth.Must(t, func() error {
		account, region := stackIn(
			app,
			"Account",
			"111111111111",
			"us-east-1",
		), stackIn(app, "Region", "222222222222", "eu-central-1")
		eventpipeline.NewEventPipeline(account, jsii.String("EventPipeline"), busAndTable(account))
		eventpipeline.NewEventPipeline(region, jsii.String("EventPipeline"), busAndTable(region))
		eventpipeline.NewEventPipeline(
			region, jsii.String("Made"), &props{EventsTable: newTable(account, "Table")})
		return nil
	})
	expectErrors(t, app, map[string][]string{
		"Account/EventPipeline": {
			"EventBus account 111111111111 222222222222",
			"EventsTable account 111111111111 222222222222",
		},
		"Region/EventPipeline": {
			"EventBus region eu-central-1 us-east-1", "EventsTable region eu-central-1 us-east-1",
		},
		"Region/Made": {
			"EventsTable account 222222222222 111111111111",
			"EventsTable region eu-central-1 us-east-1",
		},
	})
}

func TestExisting_BusAndTableMayBeInAnUnknownEnvironment(t *testing.T) {
	app := synth.NewApp(t, nil)
	synth.Must(t, func() error {
		open, same := awscdk.NewStack(
			app,
			jsii.String("Open"),
			nil,
		), stackIn(app, "Same", "222222222222", "us-east-1")
		eventpipeline.NewEventPipeline(open, jsii.String("EventPipeline"), busAndTable(open))
		eventpipeline.NewEventPipeline(same, jsii.String("EventPipeline"), busAndTable(same))
		app.Synth(nil)
		return nil
	})
}
