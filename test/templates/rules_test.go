package templates

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseventstargets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsstepfunctions"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
)

func queueIn(stack awscdk.Stack, id string, key awskms.IKey) awssqs.IQueue {
	return awssqs.NewQueue(stack, &id, &awssqs.QueueProps{EncryptionMasterKey: key})
}

func functionIn(stack awscdk.Stack) awslambda.IFunction {
	return awslambda.NewFunction(stack, jsii.String("Function"), &awslambda.FunctionProps{
		Code: awslambda.Code_FromInline(jsii.String("x")), Handler: jsii.String("index.handler"),
		Runtime: awslambda.Runtime_PYTHON_3_13(),
	})
}

// targetsOfOtherStacks returns targets that work with OnEventProcessed, although they are in
// another stack than the pipeline.
var targetsOfOtherStacks = map[string]func(awscdk.Stack) awsevents.IRuleTarget{
	"function": func(stack awscdk.Stack) awsevents.IRuleTarget {
		return awseventstargets.NewLambdaFunction(functionIn(stack), nil)
	},
	"topic": func(stack awscdk.Stack) awsevents.IRuleTarget {
		return awseventstargets.NewSnsTopic(awssns.NewTopic(stack, jsii.String("Topic"), nil), nil)
	},
	"encrypted topic": func(stack awscdk.Stack) awsevents.IRuleTarget {
		topic := awssns.NewTopic(stack, jsii.String("Topic"), &awssns.TopicProps{
			MasterKey: newKey(stack, "Key"), EnforceSSL: jsii.Bool(true),
		})
		return awseventstargets.NewSnsTopic(topic, nil)
	},
	"log group": func(stack awscdk.Stack) awsevents.IRuleTarget {
		group := awslogs.NewLogGroup(stack, jsii.String("LogGroup"), nil)
		return awseventstargets.NewCloudWatchLogGroup(group, nil)
	},
	"state machine": func(stack awscdk.Stack) awsevents.IRuleTarget {
		machine := awsstepfunctions.NewStateMachine(stack, jsii.String("StateMachine"),
			&awsstepfunctions.StateMachineProps{
				DefinitionBody: awsstepfunctions.DefinitionBody_FromString(jsii.String("{}")),
			})
		return awseventstargets.NewSfnStateMachine(machine, nil)
	},
	"bus": func(stack awscdk.Stack) awsevents.IRuleTarget {
		bus := awsevents.NewEventBus(stack, jsii.String("Bus"), nil)
		return awseventstargets.NewEventBus(bus, nil)
	},
	"encrypted queue": func(stack awscdk.Stack) awsevents.IRuleTarget {
		return awseventstargets.NewSqsQueue(queueIn(stack, "Queue", newKey(stack, "Key")), nil)
	},
	"imported queue": func(stack awscdk.Stack) awsevents.IRuleTarget {
		return awseventstargets.NewSqsQueue(awssqs.Queue_FromQueueArn(stack, jsii.String("Queue"),
			jsii.String("arn:aws:sqs:us-east-1:111111111111:queue")), nil)
	},
}

// cyclicTargets returns targets for which the rule and the queue's policy refer to each other.
var cyclicTargets = map[string]func(awscdk.Stack) awsevents.IRuleTarget{
	"queue": func(stack awscdk.Stack) awsevents.IRuleTarget {
		return awseventstargets.NewSqsQueue(queueIn(stack, "Queue", nil), nil)
	},
	"DLQ of a function": func(stack awscdk.Stack) awsevents.IRuleTarget {
		return awseventstargets.NewLambdaFunction(functionIn(stack),
			&awseventstargets.LambdaFunctionProps{DeadLetterQueue: queueIn(stack, "DLQ", nil)})
	},
	"encrypted DLQ of a bus": func(stack awscdk.Stack) awsevents.IRuleTarget {
		bus := awsevents.NewEventBus(stack, jsii.String("Bus"), nil)
		dlq := queueIn(stack, "DLQ", newKey(stack, "Key"))
		return awseventstargets.NewEventBus(bus,
			&awseventstargets.EventBusProps{DeadLetterQueue: dlq})
	},
}

// rulesOfAnotherStack returns an app with a pipeline, and a stack with targets.
func rulesOfAnotherStack(t *testing.T) (awscdk.App, eventpipeline.EventPipeline, awscdk.Stack) {
	t.Helper()
	app := newApp(t, nil)
	stack := awscdk.NewStack(app, jsii.String("Pipeline"), nil)
	p := eventpipeline.NewEventPipeline(stack, jsii.String("EventPipeline"), nil)
	return app, p, awscdk.NewStack(app, jsii.String("Consumers"), nil)
}

func TestOnEventProcessed_AcceptsTargetsOfOtherStacks(t *testing.T) {
	for name, target := range targetsOfOtherStacks {
		t.Run(name, func(t *testing.T) {
			must(t, func() error {
				app, p, consumers := rulesOfAnotherStack(t)
				p.OnEventProcessed(jsii.String("Rule"), target(consumers))
				app.Synth(nil)
				return nil
			})
		})
	}
}

func TestOnEventProcessed_RejectsAQueueOfAnotherStack(t *testing.T) {
	for name, target := range cyclicTargets {
		for _, later := range []bool{false, true} {
			app, p, consumers := rulesOfAnotherStack(t)
			if later {
				p.OnEventProcessed(jsii.String("Rule"), nil).AddTarget(target(consumers))
			} else {
				p.OnEventProcessed(jsii.String("Rule"), target(consumers))
			}
			expectErrors(t, app, map[string][]string{
				"Pipeline/EventPipeline": {"OnEventProcessed OnEventProcessedIn(stack, id, target)"},
			})
			if t.Failed() {
				t.Fatalf("target: %s, added later: %t", name, later)
			}
		}
	}
}

// The rule in the other stack selects the same events as a rule of the pipeline.
func TestOnEventProcessedIn_WorksForEveryTarget(t *testing.T) {
	for _, targets := range []map[string]func(awscdk.Stack) awsevents.IRuleTarget{
		targetsOfOtherStacks, cyclicTargets,
	} {
		for name, target := range targets {
			t.Run(name, func(t *testing.T) {
				var consumers awscdk.Stack
				must(t, func() error {
					var p eventpipeline.EventPipeline
					_, p, consumers = rulesOfAnotherStack(t)
					p.OnEventProcessedIn(consumers, jsii.String("Rule"), target(consumers))
					return nil
				})
				rule := synthesize(t, consumers).resource(t, "Rule", "AWS::Events::Rule")
				pattern, err := json.Marshal(rule.Properties["EventPattern"])
				if err != nil || !strings.Contains(string(pattern), `"EventProcessed"`) ||
					!strings.Contains(string(pattern), "BronzeBucket") {
					t.Errorf("event pattern = %s, %v", pattern, err)
				}
			})
		}
	}
}

// CloudFormation rejects a parent stack whose rule and nested stack refer to each other.
func TestOnEventProcessed_TreatsANestedStackAsAnotherStack(t *testing.T) {
	for _, inNestedStack := range []bool{false, true} {
		app, p, _ := rulesOfAnotherStack(t)
		nested := awscdk.NewNestedStack(awscdk.Stack_Of(p), jsii.String("Nested"), nil)
		target := awseventstargets.NewSqsQueue(queueIn(nested, "Queue", nil), nil)
		if inNestedStack {
			must(t, func() error {
				p.OnEventProcessedIn(nested, jsii.String("Rule"), target)
				app.Synth(nil)
				return nil
			})
			continue
		}
		p.OnEventProcessed(jsii.String("Rule"), target)
		expectErrors(t, app, map[string][]string{
			"Pipeline/EventPipeline": {"OnEventProcessed Pipeline/Nested"},
		})
	}
}
