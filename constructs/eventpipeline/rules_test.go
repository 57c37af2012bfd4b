package eventpipeline_test

import (
	"encoding/json"
	"fmt"
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
	"github.com/event-driven-cloud-platform/eventpipeline/test/synth"
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

// targetsOfOtherStacks returns targets that work with OnEventProcessed even if they are in another
// stack than the pipeline.
var targetsOfOtherStacks = map[string]func(awscdk.Stack) awsevents.IRuleTarget{
	"function": func(stack awscdk.Stack) awsevents.IRuleTarget {
		return awseventstargets.NewLambdaFunction(functionIn(stack), nil)
	},
	"topic": func(stack awscdk.Stack) awsevents.IRuleTarget {
		return awseventstargets.NewSnsTopic(awssns.NewTopic(stack, jsii.String("Topic"), nil), nil)
	},
	"encrypted topic": func(stack awscdk.Stack) awsevents.IRuleTarget {
		topic := awssns.NewTopic(stack, jsii.String("Topic"), &awssns.TopicProps{
			MasterKey: synth.NewKey(stack, "Key"), EnforceSSL: jsii.Bool(true),
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
		queue := queueIn(stack, "Queue", synth.NewKey(stack, "Key"))
		return awseventstargets.NewSqsQueue(queue, nil)
	},
	"imported queue": func(stack awscdk.Stack) awsevents.IRuleTarget {
		return awseventstargets.NewSqsQueue(awssqs.Queue_FromQueueArn(stack, jsii.String("Queue"),
			jsii.String("arn:aws:sqs:us-east-1:111111111111:queue")), nil)
	},
}

// cyclicTargets returns targets that are queues or have a DLQ. The rule refers to this queue, and
// the queue's policy refers to the rule.
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
		dlq := queueIn(stack, "DLQ", synth.NewKey(stack, "Key"))
		return awseventstargets.NewEventBus(bus,
			&awseventstargets.EventBusProps{DeadLetterQueue: dlq})
	},
}

// rulesOfAnotherStack returns an app with a pipeline, and an empty stack for the rules' targets.
func rulesOfAnotherStack(t *testing.T) (awscdk.App, eventpipeline.EventPipeline, awscdk.Stack) {
	t.Helper()
	app := synth.NewApp(t, nil)
	stack := awscdk.NewStack(app, jsii.String("Pipeline"), nil)
	p := eventpipeline.NewEventPipeline(stack, jsii.String("EventPipeline"), nil)
	return app, p, awscdk.NewStack(app, jsii.String("Consumers"), nil)
}

func TestOnEventProcessed_AcceptsTargetsOfOtherStacks(t *testing.T) {
	for name, target := range targetsOfOtherStacks {
		t.Run(name, func(t *testing.T) {
			synth.Must(t, func() error {
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
				"Pipeline/EventPipeline": {
					"OnEventProcessed OnEventProcessedIn(stack, id, target)",
				},
			})
			if t.Failed() {
				t.Fatalf("target: %s, added later: %t", name, later)
			}
		}
	}
}

// The consumer's stack reads records, so it depends on the pipeline's stack. A rule in the
// pipeline's stack makes the dependency cyclic.
func TestOnEventProcessed_RejectsATargetWhoseStackUsesThePipeline(t *testing.T) {
	for name, use := range map[string]func(p eventpipeline.EventPipeline, stack awscdk.Stack,
		function awslambda.IFunction){
		"variable": func(p eventpipeline.EventPipeline, _ awscdk.Stack, f awslambda.IFunction) {
			f.(awslambda.Function).AddEnvironment(
				jsii.String("BUCKET"), p.SilverBucket().BucketName(), nil)
		},
		"grant": func(p eventpipeline.EventPipeline, _ awscdk.Stack, f awslambda.IFunction) {
			p.GrantReadSilver(f)
		},
		"another resource": func(p eventpipeline.EventPipeline, stack awscdk.Stack,
			_ awslambda.IFunction) {
			awsevents.NewRule(stack, jsii.String("Other"), &awsevents.RuleProps{
				EventBus: p.EventBus(),
				EventPattern: &awsevents.EventPattern{
					Source: jsii.Strings("a"),
				},
			})
		},
	} {
		app, p, consumers := rulesOfAnotherStack(t)
		function := functionIn(consumers)
		use(p, consumers, function)
		p.OnEventProcessed(jsii.String("Rule"), awseventstargets.NewLambdaFunction(function, nil))
		expectErrors(t, app, map[string][]string{
			"Pipeline/EventPipeline": {
				"OnEventProcessed Consumers OnEventProcessedIn(stack, id, target)",
			},
		})
		synth.Must(t, func() error {
			app, p, consumers := rulesOfAnotherStack(t)
			function := functionIn(consumers)
			use(p, consumers, function)
			target := awseventstargets.NewLambdaFunction(function, nil)
			p.OnEventProcessedIn(consumers, jsii.String("Rule"), target)
			app.Synth(nil)
			return nil
		})
		if t.Failed() {
			t.Fatal(name)
		}
	}
}

// Each rule adds an aspect that inspects all stacks. The aspect must make few CDK calls, because
// some thousand calls in one callback overflow the call stack of Node.js.
func TestOnEventProcessed_WorksInALargeApp(t *testing.T) {
	app, p, consumers := rulesOfAnotherStack(t)
	for _, stack := range []string{"A", "B", "C"} {
		large := awscdk.NewStack(app, &stack, nil)
		for i := range 400 {
			awssns.NewCfnTopic(large, jsii.String(fmt.Sprint("Topic", i)), nil)
		}
		for i := range 90 {
			awssqs.NewCfnQueuePolicy(large, jsii.String(fmt.Sprint("Policy", i)),
				&awssqs.CfnQueuePolicyProps{
					PolicyDocument: map[string]any{}, Queues: jsii.Strings("queue"),
				})
		}
	}
	synth.Must(t, func() error {
		p.OnEventProcessed(jsii.String("Rule"), targetsOfOtherStacks["topic"](consumers))
		app.Synth(nil)
		return nil
	})
}

// Stacks of the same kind have rules and queues with the same logical ids. The rules and queues are
// different resources.
func TestOnEventProcessed_AcceptsTwoStacksOfTheSameKind(t *testing.T) {
	synth.Must(t, func() error {
		app := synth.NewApp(t, nil)
		for _, name := range []string{"Dev", "Prod"} {
			stack := awscdk.NewStack(app, &name, nil)
			p := eventpipeline.NewEventPipeline(stack, jsii.String("EventPipeline"), nil)
			p.OnEventProcessed(jsii.String("Rule"), cyclicTargets["queue"](stack))
		}
		app.Synth(nil)
		return nil
	})
}

// A rule in the target's stack must select the same events as a rule in the pipeline's stack.
func TestOnEventProcessedIn_WorksForEveryTarget(t *testing.T) {
	for _, targets := range []map[string]func(awscdk.Stack) awsevents.IRuleTarget{
		targetsOfOtherStacks, cyclicTargets,
	} {
		for name, target := range targets {
			t.Run(name, func(t *testing.T) {
				var consumers awscdk.Stack
				synth.Must(t, func() error {
					var p eventpipeline.EventPipeline
					_, p, consumers = rulesOfAnotherStack(t)
					p.OnEventProcessedIn(consumers, jsii.String("Rule"), target(consumers))
					return nil
				})
				rule := synth.Synthesize(t, consumers).Resource(t, "Rule", "AWS::Events::Rule")
				pattern, err := json.Marshal(rule.Properties["EventPattern"])
				if err != nil || !strings.Contains(string(pattern), `"EventProcessed"`) ||
					!strings.Contains(string(pattern), "BronzeBucket") {
					t.Errorf("event pattern = %s, %v", pattern, err)
				}
			})
		}
	}
}

// A rule of the pipeline refers to a queue in a nested stack, and the queue's policy refers to the
// rule. CloudFormation rejects this cycle.
func TestOnEventProcessed_TreatsANestedStackAsAnotherStack(t *testing.T) {
	for _, inNestedStack := range []bool{false, true} {
		app, p, _ := rulesOfAnotherStack(t)
		nested := awscdk.NewNestedStack(awscdk.Stack_Of(p), jsii.String("Nested"), nil)
		target := awseventstargets.NewSqsQueue(queueIn(nested, "Queue", nil), nil)
		if inNestedStack {
			synth.Must(t, func() error {
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

// A target without a DLQ gets the pipeline's DLQ for notifications, in every stack. Other targets
// keep their own DLQ.
func TestOnEventProcessed_TargetsHaveADLQ(t *testing.T) {
	_, p, consumers := rulesOfAnotherStack(t)
	stack := awscdk.Stack_Of(p)
	synth.Must(t, func() error {
		p.OnEventProcessed(jsii.String("Given"), targetsOfOtherStacks["function"](stack))
		p.OnEventProcessed(jsii.String("Own"), awseventstargets.NewSnsTopic(
			awssns.NewTopic(stack, jsii.String("Topic"), nil),
			&awseventstargets.SnsTopicProps{DeadLetterQueue: queueIn(stack, "OwnDLQ", nil)}))
		later := p.OnEventProcessed(jsii.String("Later"), nil)
		later.AddTarget(targetsOfOtherStacks["log group"](stack))
		p.OnEventProcessedIn(consumers, jsii.String("Other"), cyclicTargets["queue"](consumers))
		return nil
	})
	app := stack.Node().Root().(awscdk.App)
	synth.Must(t, func() error { app.Synth(nil); return nil })
	dlqOf := func(s synth.Template, rule string) string {
		targets := s.Resource(t, rule, "AWS::Events::Rule").Properties["Targets"].([]any)
		config, _ := targets[0].(map[string]any)["DeadLetterConfig"].(map[string]any)
		return fmt.Sprint(config["Arn"])
	}
	s := synth.Synthesize(t, stack)
	for rule, want := range map[string]string{
		"OnEventProcessedGiven": "${NotificationDeadLetterQueue.Arn}",
		"OnEventProcessedOwn":   "${OwnDLQ.Arn}",
		"OnEventProcessedLater": "${NotificationDeadLetterQueue.Arn}",
	} {
		if got := dlqOf(s, rule); got != want {
			t.Errorf("DLQ of %s = %s, want %s", rule, got, want)
		}
	}
	other := synth.Synthesize(t, consumers)
	if got := dlqOf(other, "Other"); !strings.Contains(got, "NotificationDead") {
		t.Errorf("DLQ of the rule in the other stack = %s", got)
	}
}

// The ARN of a rule contains the name of the rule's bus, unless the bus is the default bus.
func TestNotificationDLQ_AcceptsRulesOfAnExistingBus(t *testing.T) {
	const rules = "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:rule/"
	for bus, want := range map[string]string{"default": rules + "*", "shared": rules + "shared/*"} {
		s := synth.Pipeline(t, func(stack awscdk.Stack) *props {
			return &props{EventBus: awsevents.EventBus_FromEventBusName(
				stack, jsii.String("Bus"), &bus)}
		})
		policy := s.Resource(t, "NotificationDeadLetterQueuePolicy", "AWS::SQS::QueuePolicy")
		statements := policy.Statements(t)
		condition := statements[len(statements)-1].Condition["ArnLike"].(map[string]any)
		if got := condition["aws:SourceArn"]; fmt.Sprint(got) != want &&
			fmt.Sprint(got) != "["+want+"]" {
			t.Errorf("bus %s: DLQ accepts %v, want %s", bus, got, want)
		}
	}
}

func TestOnEventProcessed_MatchesCloudEvents(t *testing.T) {
	stack := synth.NewStack(t)
	synth.Must(t, func() error {
		eventpipeline.NewEventPipeline(stack, jsii.String("EventPipeline"), &props{
			NotificationFormat: eventpipeline.NotificationFormatCloudEvents,
		}).OnEventProcessed(jsii.String("Rule"), targetsOfOtherStacks["topic"](stack))
		return nil
	})
	s := synth.Synthesize(t, stack)
	s.Environment(t, "WorkerFunction").Expect(t, `{"NOTIFICATION_FORMAT": "CLOUDEVENTS"}`)
	s.Environment(t, "ReconcilerFunction").Expect(t, `{"NOTIFICATION_FORMAT": "CLOUDEVENTS"}`)
	s.Resource(t, "OnEventProcessedRule", "AWS::Events::Rule").Expect(t, `{"EventPattern": {
		"source": ["eventpipeline"],
		"detail-type": ["EventProcessed"],
		"detail": {"data": {
			"bronze": {"bucket": ["${BronzeBucket}"]}, "silver": {"bucket": ["${SilverBucket}"]}
		}}
	}}`)
}

func TestEventBus_HasADLQ(t *testing.T) {
	synth.DefaultPipeline(t).Resource(t, "EventBus", "AWS::Events::EventBus").Expect(t, `{
		"DeadLetterConfig": {"Arn": "${NotificationDeadLetterQueue.Arn}"}
	}`)
}

func TestOnEventProcessed_AlarmsAboutLostEvents(t *testing.T) {
	_, p, _ := rulesOfAnotherStack(t)
	stack := awscdk.Stack_Of(p)
	before := len(p.Alarms())
	synth.Must(t, func() error {
		p.OnEventProcessed(jsii.String("Rule"), targetsOfOtherStacks["function"](stack))
		return nil
	})
	if after := len(p.Alarms()); after != before+1 {
		t.Errorf("the rule must add one alarm, got %d", after-before)
	}
	// The alarm must not use the metric FailedInvocations, which also counts events that are in a
	// DLQ.
	synth.Synthesize(t, stack).
		Resource(t, "OnEventProcessedRuleLostEventsAlarm", "AWS::CloudWatch::Alarm").Expect(t, `{
		"Namespace": "AWS/Events", "MetricName": "InvocationsFailedToBeSentToDlq",
		"Dimensions": [
			{"Name": "EventBusName", "Value": "${EventBus}"},
			{"Name": "RuleName", "Value": {"Fn::Select": [
				2, {"Fn::Split": ["/", "${OnEventProcessedRule.Arn}"]}
			]}}
		],
		"Statistic": "Sum", "Threshold": 1
	}`)
}
