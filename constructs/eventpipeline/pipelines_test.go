package eventpipeline_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/test/synth"
)

// The data stack must not depend on the functions' stack, because the CDK rejects cyclic
// dependencies.
func TestPipelines_MaySpanStacks(t *testing.T) {
	for _, references := range []string{"weak", "strong"} {
		for name, props := range map[string]func(data awscdk.Stack) *props{
			"existing resources": func(data awscdk.Stack) *props { return existingResources(data) },
			"existing keys and logs": func(data awscdk.Stack) *props {
				return &props{EncryptionKey: synth.NewKey(data, "Key"),
					ServerAccessLogsBucket: awss3.NewBucket(data, jsii.String("Logs"), nil)}
			},
		} {
			t.Run(references+" references, "+name, func(t *testing.T) {
				app := synth.NewApp(
					t, map[string]any{"@aws-cdk/core:defaultCrossStackReferences": references})
				data, functions := awscdk.NewStack(
					app,
					jsii.String("Data"),
					nil,
				), awscdk.NewStack(app, jsii.String("Functions"), nil)
				synth.Must(t, func() error {
					eventpipeline.NewEventPipeline(
						functions, jsii.String("EventPipeline"), props(data))
					return nil
				})
				template, err := json.Marshal(synth.Synthesize(t, data).Content)
				if err != nil {
					t.Fatal(err)
				}
				for _, reference := range []string{"Fn::ImportValue", "Fn::GetStackOutput"} {
					if strings.Contains(string(template), reference) {
						t.Errorf("data stack must not refer to the functions' stack:\n%s", template)
					}
				}
				if n := len(*data.Dependencies()); n != 0 {
					t.Errorf("data stack must depend on no other, got %d", n)
				}
				s := synth.Synthesize(t, functions)
				if got := s.IDsOf("AWS::Lambda::Function"); len(got) < 3 {
					t.Errorf("functions' stack must have three functions, got %q", got)
				}
			})
		}
	}
}

// If two pipelines share a resource or a name, synth must fail.
func TestPipelines_MustNotShareResources(t *testing.T) {
	app := synth.NewApp(t, nil)
	synth.Must(t, func() error {
		stack := awscdk.NewStack(app, jsii.String("Stack"), nil)
		first := eventpipeline.NewEventPipeline(
			stack, jsii.String("First"), &props{PhysicalNamePrefix: jsii.String("orders")})
		eventpipeline.NewEventPipeline(
			awscdk.NewStack(app, jsii.String("Other"), nil),
			jsii.String("Second"),
			&props{
				PhysicalNamePrefix: jsii.String("orders"),
				BronzeBucket:       first.BronzeBucket(),
				EventsTable:        first.EventsTable(),
				Queue:              first.Queue(),
				DeadLetterQueue:    first.DeadLetterQueue(),
				HttpApi:            first.HttpApi(),
			},
		)
		lake := func(id string) awss3.IBucket {
			return awss3.Bucket_FromBucketName(stack, &id, jsii.String("lake"))
		}
		// Pipelines may share the bus and the Silver bucket.
		bus := awsevents.EventBus_FromEventBusName(
			stack, jsii.String("Bus"), jsii.String("shared"))
		eventpipeline.NewEventPipeline(
			stack,
			jsii.String("Third"),
			&props{BronzeBucket: lake("Lake"), SilverBucket: first.SilverBucket(), EventBus: bus},
		)
		eventpipeline.NewEventPipeline(
			stack, jsii.String("Fourth"), &props{BronzeBucket: lake("SameLake"), EventBus: bus})
		parameter := awscdk.NewCfnParameter(stack, jsii.String("Bronze"), nil)
		for _, id := range []string{"Fifth", "Sixth"} {
			bucket := awss3.Bucket_FromBucketName(
				stack, jsii.String(id+"Lake"), parameter.ValueAsString())
			eventpipeline.NewEventPipeline(stack, &id, &props{BronzeBucket: bucket})
		}
		return nil
	})
	expectErrors(t, app, map[string][]string{
		"Other/Second": {
			"BronzeBucket Stack/First", "DeadLetterQueue Stack/First", "EventsTable Stack/First",
			"HttpApi Stack/First", "PhysicalNamePrefix Stack/First", "Queue Stack/First",
		},
		"Stack/Fourth": {"BronzeBucket Stack/Third"},
		"Stack/Sixth":  {"BronzeBucket Stack/Fifth"},
	})
}

// Different prefixes can result in the same alarm name.
func TestPipelines_MustHaveDifferentAlarmNames(t *testing.T) {
	app := synth.NewApp(t, nil)
	synth.Must(t, func() error {
		for _, prefix := range []string{"x", "x-notification", "x-other"} {
			stack := awscdk.NewStack(app, jsii.String(prefix), nil)
			eventpipeline.NewEventPipeline(stack, jsii.String("Pipeline"), &props{
				PhysicalNamePrefix: &prefix,
			})
		}
		return nil
	})
	expectErrors(t, app, map[string][]string{
		"x-notification/Pipeline": {"PhysicalNamePrefix x-notification-dead-letters x/Pipeline"},
	})
}

// One pipeline's rule has an alarm. A second pipeline must not have an alarm of the same name. The
// app can add the rule before or after it creates the second pipeline.
func TestPipelines_MustHaveDifferentAlarmNamesThanRules(t *testing.T) {
	for _, later := range []bool{false, true} {
		app := synth.NewApp(t, nil)
		create := func(prefix string) eventpipeline.EventPipeline {
			stack := awscdk.NewStack(app, &prefix, nil)
			return eventpipeline.NewEventPipeline(stack, jsii.String("Pipeline"), &props{
				PhysicalNamePrefix: &prefix,
			})
		}
		synth.Must(t, func() error {
			p := create("x")
			if later {
				create("x-lost-events")
			}
			p.OnEventProcessed(jsii.String("dead-letters"), nil)
			p.OnEventProcessed(jsii.String("other"), nil)
			if !later {
				create("x-lost-events")
			}
			return nil
		})
		reporting, other := "x-lost-events/Pipeline", "x/Pipeline"
		if later {
			reporting, other = other, reporting
		}
		expectErrors(t, app, map[string][]string{
			reporting: {"PhysicalNamePrefix x-lost-events-dead-letters " + other},
		})
	}
}

// A token can have another value in each stack. Therefore, the same token in two stacks is no
// error.
func TestPipelines_MayHaveTokensAsNames(t *testing.T) {
	app := synth.NewApp(t, nil)
	synth.Must(t, func() error {
		for _, name := range []string{"orders", "payments"} {
			stack := awscdk.NewStack(app, &name, nil)
			parameter := awscdk.NewCfnParameter(stack, jsii.String("Bronze"), nil)
			eventpipeline.NewEventPipeline(stack, jsii.String("OfAParameter"), &props{
				BronzeBucket: awss3.Bucket_FromBucketName(
					stack, jsii.String("YourBronze"), parameter.ValueAsString()),
				EventsTable: awsdynamodb.Table_FromTableName(
					stack,
					jsii.String("YourTable"),
					awscdk.Fn_Sub(jsii.String("events-${AWS::StackName}"), nil),
				),
			})
		}
		app.Synth(nil)
		return nil
	})
}

// The CDK does not know the account and region of these stages, and the stages can be deployed to
// different accounts. Their pipelines may therefore have the same names.
func TestPipelines_MayHaveTheSameNamesInDifferentStages(t *testing.T) {
	app := synth.NewApp(t, nil)
	synth.Must(t, func() error {
		for _, name := range []string{"dev", "prod"} {
			stack := awscdk.NewStack(awscdk.NewStage(app, &name, nil), jsii.String("Orders"), nil)
			eventpipeline.NewEventPipeline(stack, jsii.String("EventPipeline"), &props{
				PhysicalNamePrefix: jsii.String("orders"),
				BronzeBucket: awss3.Bucket_FromBucketName(
					stack, jsii.String("YourBronze"), jsii.String("lake")),
				EventsTable: awsdynamodb.Table_FromTableName(
					stack, jsii.String("YourTable"), jsii.String("lifecycle")),
			})
		}
		app.Synth(nil)
		return nil
	})
}

// Names must be unique within an account and region. Only a dashboard's name must be unique in all
// regions of an account.
func TestPipelines_MayHaveTheSameNamesInDifferentEnvironments(t *testing.T) {
	app := synth.NewApp(t, nil)
	made := map[string]awscdk.Stack{}
	synth.Must(t, func() error {
		for _, region := range []string{"eu-central-1", "us-east-1"} {
			stack := awscdk.NewStack(app, jsii.String("Stack-"+region), &awscdk.StackProps{
				Env: &awscdk.Environment{Account: jsii.String("123456789012"), Region: &region},
			})
			eventpipeline.NewEventPipeline(
				stack,
				jsii.String("EventPipeline"),
				&props{PhysicalNamePrefix: jsii.String("orders")},
			)
			made[region] = stack
		}
		app.Synth(nil)
		return nil
	})
	for region, stack := range made {
		synth.Synthesize(t, stack).Resource(t, "Dashboard", "AWS::CloudWatch::Dashboard").
			Expect(t, `{"DashboardName": "orders-events-`+region+`"}`)
	}
}
