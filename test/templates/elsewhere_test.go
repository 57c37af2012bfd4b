package templates

import (
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
)

const (
	busARN   = "arn:aws:events:us-east-1:222222222222:event-bus/shared"
	tableARN = "arn:aws:dynamodb:us-east-1:222222222222:table/lifecycle"
)

func busAndTable(scope constructs.Construct) *props {
	return &props{
		EventBus:    awsevents.EventBus_FromEventBusArn(scope, jsii.String("YourBus"), jsii.String(busARN)),
		EventsTable: awsdynamodb.Table_FromTableArn(scope, jsii.String("YourTable"), jsii.String(tableARN)),
	}
}

func stackIn(app awscdk.App, id, account, region string) awscdk.Stack {
	return awscdk.NewStack(app, &id, &awscdk.StackProps{Env: &awscdk.Environment{Account: &account, Region: &region}})
}

// The functions know bus and table by their names, which mean others in another account or region.
func TestGiven_BusAndTableAreOfTheStacksOwnPlace(t *testing.T) {
	app := newApp(t, nil)
	must(t, func() error {
		account, region := stackIn(app, "Account", "111111111111", "us-east-1"), stackIn(app, "Region", "222222222222", "eu-central-1")
		eventpipeline.NewEventPipeline(account, jsii.String("EventPipeline"), busAndTable(account))
		eventpipeline.NewEventPipeline(region, jsii.String("EventPipeline"), busAndTable(region))
		eventpipeline.NewEventPipeline(region, jsii.String("Made"), &props{EventsTable: yourTable(account, "Table")})
		return nil
	})
	const bus = ", where the functions look for its name; take one of the stack's own, and lead its events on by a rule, such as OnEventProcessed with a target of awseventstargets.NewEventBus"
	const table = ", where the functions look for its name; take one of the stack's own, or deploy the pipeline there"
	expectMistakes(t, app, map[string][]string{
		"Account/EventPipeline": {
			"EventBus is of the account 222222222222 and the stack of 111111111111" + bus,
			"EventsTable is of the account 222222222222 and the stack of 111111111111" + table,
		},
		"Region/EventPipeline": {
			"EventBus is of the region us-east-1 and the stack of eu-central-1" + bus,
			"EventsTable is of the region us-east-1 and the stack of eu-central-1" + table,
		},
		"Region/Made": {
			"EventsTable is of the account 111111111111 and the stack of 222222222222" + table,
			"EventsTable is of the region us-east-1 and the stack of eu-central-1" + table,
		},
	})
}

func TestGiven_BusAndTableMayBeOfAPlaceThatNobodyKnowsYet(t *testing.T) {
	app := newApp(t, nil)
	must(t, func() error {
		open, same := awscdk.NewStack(app, jsii.String("Open"), nil), stackIn(app, "Same", "222222222222", "us-east-1")
		eventpipeline.NewEventPipeline(open, jsii.String("EventPipeline"), busAndTable(open))
		eventpipeline.NewEventPipeline(same, jsii.String("EventPipeline"), busAndTable(same))
		app.Synth(nil)
		return nil
	})
}
