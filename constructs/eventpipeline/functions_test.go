package eventpipeline_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/test/synth"
)

func TestFunctions_RunOnArm64WithTracingAndJSONLogs(t *testing.T) {
	s := synth.DefaultPipeline(t)
	s.ExpectCount(t, "AWS::Lambda::Function", 3)
	for _, name := range []string{"Api", "Worker", "Reconciler"} {
		s.Resource(t, name+"Function", "AWS::Lambda::Function").Expect(t, `{
			"Runtime": "provided.al2023",
			"Architectures": ["arm64"],
			"Handler": "bootstrap",
			"TracingConfig": {"Mode": "Active"},
			"LoggingConfig": {
				"LogFormat": "JSON", "ApplicationLogLevel": "INFO",
				"LogGroup": "${`+name+`LogGroup}"
			},
			"Role": "${`+name+`Role.Arn}",
			"ReservedConcurrentExecutions": null
		}`)
		s.Resource(t, name+"LogGroup", "AWS::Logs::LogGroup").Expect(t, `{"RetentionInDays": 30}`)
	}
	s.Resource(t, "ApiFunction", "AWS::Lambda::Function").Expect(t,
		`{"MemorySize": 512, "Timeout": 10}`)
	s.Resource(t, "WorkerFunction", "AWS::Lambda::Function").
		Expect(t, `{"MemorySize": 512, "Timeout": 30}`)
	s.Resource(t, "ReconcilerFunction", "AWS::Lambda::Function").
		Expect(t, `{"MemorySize": 1769, "Timeout": 300}`)
}

func TestFunctions_HaveTheVariablesThatTheyRead(t *testing.T) {
	s := synth.DefaultPipeline(t)
	s.Resource(t, "ApiFunction", "AWS::Lambda::Function").Expect(t, `{"Environment": {"Variables": {
		"BRONZE_BUCKET": "${BronzeBucket}",
		"EVENTS_TABLE": "${EventsTable}",
		"QUEUE_URL": "${Queue}",
		"MAX_PAYLOAD_BYTES": "1048576",
		"ACCEPT_TEXT_PLAIN": "false",
		"UNKNOWN_EVENT_TYPES": "ACCEPT",
		"STATUS_RETENTION_DAYS": "365",
		"OPEN_API": "false",
		"STATUS_FOR_ALL_CALLERS": "false",
		"LOG_LEVEL": "info"
	}}}`)
	s.Resource(t, "WorkerFunction", "AWS::Lambda::Function").
		Expect(t, `{"Environment": {"Variables": {
		"BRONZE_BUCKET": "${BronzeBucket}",
		"SILVER_BUCKET": "${SilverBucket}",
		"EVENTS_TABLE": "${EventsTable}",
		"QUEUE_URL": "${Queue}",
		"DEAD_LETTER_QUEUE_URL": "${DeadLetterQueue}",
		"EVENT_BUS_NAME": "${EventBus}",
		"NOTIFICATION_FORMAT": "JSON",
		"NOTIFICATIONS": "PER_EVENT",
		"MAX_RECEIVE_COUNT": "5",
		"STATUS_RETENTION_DAYS": "365",
		"LOG_LEVEL": "info"
	}}}`)
	s.Resource(t, "ReconcilerFunction", "AWS::Lambda::Function").
		Expect(t, `{"Environment": {"Variables": {
		"BRONZE_BUCKET": "${BronzeBucket}",
		"SILVER_BUCKET": "${SilverBucket}",
		"EVENTS_TABLE": "${EventsTable}",
		"QUEUE_URL": "${Queue}",
		"DEAD_LETTER_QUEUE_URL": "${DeadLetterQueue}",
		"EVENT_BUS_NAME": "${EventBus}",
		"NOTIFICATION_FORMAT": "JSON",
		"RECONCILE_GRACE_SECONDS": "3600",
		"RECONCILE_WINDOW_SECONDS": "349200",
		"MAX_REENQUEUES": "3",
		"STATUS_RETENTION_DAYS": "365",
		"LOG_LEVEL": "info"
	}}}`)
}

func TestFunctions_ApplyProps(t *testing.T) {
	s := synth.Pipeline(t, func(awscdk.Stack) *eventpipeline.EventPipelineProps {
		return &eventpipeline.EventPipelineProps{
			Architecture: awslambda.Architecture_X86_64(),
			ApiFunction:  &functionOptions{MemorySize: jsii.Number(256), Timeout: seconds(7)},
			WorkerFunction: &functionOptions{
				MemorySize: jsii.Number(2048),
				Timeout:    seconds(60),
			},
			ReconcilerFunction: &functionOptions{
				MemorySize: jsii.Number(1024),
				Timeout:    seconds(900),
			},

			LogRetention:    awslogs.RetentionDays_ONE_WEEK,
			LogLevel:        jsii.String("debug"),
			Tracing:         awslambda.Tracing_PASS_THROUGH,
			MaxPayloadBytes: jsii.Number(2 << 20),
			StatusRetention: days(1000),
		}
	})
	s.Resource(t, "ApiFunction", "AWS::Lambda::Function").Expect(t, `{
		"Architectures": ["x86_64"], "MemorySize": 256, "Timeout": 7,
			"TracingConfig": {"Mode": "PassThrough"}
	}`)
	s.Resource(t, "WorkerFunction", "AWS::Lambda::Function").Expect(t, `{
		"Architectures": ["x86_64"], "MemorySize": 2048, "Timeout": 60,
			"TracingConfig": {"Mode": "PassThrough"}
	}`)
	s.Environment(t, "ApiFunction").
		Expect(t, `{"MAX_PAYLOAD_BYTES": "2097152", "STATUS_RETENTION_DAYS": "1000",
			"LOG_LEVEL": "debug"}`)
	s.Environment(t, "WorkerFunction").
		Expect(t, `{"STATUS_RETENTION_DAYS": "1000", "LOG_LEVEL": "debug"}`)
	s.Resource(t, "ReconcilerFunction", "AWS::Lambda::Function").Expect(t, `{
		"Architectures": ["x86_64"], "MemorySize": 1024, "Timeout": 900,
			"TracingConfig": {"Mode": "PassThrough"}
	}`)
	s.Environment(t, "ReconcilerFunction").
		Expect(t, `{"STATUS_RETENTION_DAYS": "1000", "LOG_LEVEL": "debug"}`)
	for _, id := range []string{"ApiLogGroup", "WorkerLogGroup", "ReconcilerLogGroup",
		"AccessLogGroup"} {
		s.Resource(t, id, "AWS::Logs::LogGroup").Expect(t, `{"RetentionInDays": 7}`)
	}
}

func TestEventSource_ReportsBatchItemFailures(t *testing.T) {
	s := synth.DefaultPipeline(t)
	s.ExpectCount(t, "AWS::Lambda::EventSourceMapping", 1)
	mapping := s.Resource(t, "EventSource", "AWS::Lambda::EventSourceMapping")
	mapping.Expect(t, `{
		"FunctionName": "${WorkerFunction}",
		"EventSourceArn": "${Queue.Arn}",
		"FunctionResponseTypes": ["ReportBatchItemFailures"],
		"BatchSize": 10,
		"MaximumBatchingWindowInSeconds": null,
		"ScalingConfig": {"MaximumConcurrency": 50},
		"Enabled": null
	}`)
	// The mapping must wait for the role's policy. Lambda rejects a mapping if its role has no
	// permission to receive messages.
	want := []string{"WorkerRoleDefaultPolicy", "WorkerRole"}
	if diff := cmp.Diff(want, mapping.DependsOn); diff != "" {
		t.Errorf("DependsOn (-want +got):\n%s", diff)
	}
}

func TestEventSource_AppliesProps(t *testing.T) {
	s := synth.Pipeline(t, func(awscdk.Stack) *eventpipeline.EventPipelineProps {
		return &eventpipeline.EventPipelineProps{
			BatchSize:         jsii.Number(500),
			MaxBatchingWindow: seconds(2),
			MaxConcurrency:    jsii.Number(4),
		}
	})
	s.Resource(t, "EventSource", "AWS::Lambda::EventSourceMapping").Expect(t, `{
		"BatchSize": 500, "MaximumBatchingWindowInSeconds": 2,
			"ScalingConfig": {"MaximumConcurrency": 4}
	}`)
}

func TestFunctions_NeedGo(t *testing.T) {
	stack := synth.NewStack(t)
	t.Setenv("PATH", t.TempDir())
	err := synth.Attempt(func() error {
		eventpipeline.NewEventPipeline(stack, jsii.String("EventPipeline"), nil)
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), "go.dev/dl") {
		t.Errorf("error without Go must name its download page, got %v", err)
	}
}

// Lambda's own log level must not drop lines that the functions write:
//   - By default, Lambda drops the level DEBUG, so the level "debug" must reach Lambda.
//   - WARN would also drop the lines that contain metrics, so "warn" and "error" become INFO.
func TestFunctions_LogLevelReachesLambda(t *testing.T) {
	for level, want := range map[string]string{
		"debug": "DEBUG", "info": "INFO", "warn": "INFO", "error": "INFO",
	} {
		s := synth.Pipeline(t, func(awscdk.Stack) *eventpipeline.EventPipelineProps {
			return &eventpipeline.EventPipelineProps{LogLevel: &level}
		})
		for _, id := range []string{"ApiFunction", "WorkerFunction", "ReconcilerFunction"} {
			logging := s.Resource(t, id, "AWS::Lambda::Function").Properties["LoggingConfig"]
			if got := logging.(map[string]any)["ApplicationLogLevel"]; got != want {
				t.Errorf("%s with level %s: ApplicationLogLevel = %v, want %s", id, level, got,
					want)
			}
		}
	}
}

func TestEventSource_MayHaveProvisionedPollers(t *testing.T) {
	for maximum, want := range map[*float64]string{nil: "200", jsii.Number(7): "7"} {
		s := synth.Pipeline(t, func(awscdk.Stack) *eventpipeline.EventPipelineProps {
			return &eventpipeline.EventPipelineProps{
				MinimumPollers: jsii.Number(3), MaximumPollers: maximum,
			}
		})
		s.Resource(t, "EventSource", "AWS::Lambda::EventSourceMapping").Expect(t, `{
			"ProvisionedPollerConfig": {"MinimumPollers": 3, "MaximumPollers": `+want+`},
			"ScalingConfig": null
		}`)
	}
}

func TestEventSource_WarnsAboutTooManyMessagesInFlight(t *testing.T) {
	for name, c := range map[string]struct {
		props eventpipeline.EventPipelineProps
		want  bool
	}{
		"default": {eventpipeline.EventPipelineProps{}, false},
		"at the limit": {eventpipeline.EventPipelineProps{
			BatchSize: jsii.Number(1200), MaxBatchingWindow: seconds(5),
			MaxConcurrency: jsii.Number(100),
		}, false},
		"above": {eventpipeline.EventPipelineProps{
			BatchSize: jsii.Number(1201), MaxBatchingWindow: seconds(5),
			MaxConcurrency: jsii.Number(100),
		}, true},
		"pollers": {eventpipeline.EventPipelineProps{
			BatchSize: jsii.Number(1000), MaxBatchingWindow: seconds(5),
			MinimumPollers: jsii.Number(2), MaximumPollers: jsii.Number(13),
		}, true},
	} {
		s := synth.Pipeline(t, func(awscdk.Stack) *props { return &c.props })
		warnings := assertions.Annotations_FromStack(s.Stack).FindWarning(jsii.String("*"),
			assertions.Match_StringLikeRegexp(jsii.String("BatchSize.*120,000")))
		if got := len(*warnings) > 0; got != c.want {
			t.Errorf("%s: warned = %t, want %t", name, got, c.want)
		}
	}
}
