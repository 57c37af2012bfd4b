package eventpipeline_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
)

func invalidFunctions() map[string]invalidProps {
	memory := func(mib float64) *functionOptions { return &functionOptions{MemorySize: &mib} }
	timeout := func(n float64) *functionOptions { return &functionOptions{Timeout: seconds(n)} }
	return map[string]invalidProps{
		"Memory": invalid(
			props{
				ApiFunction:        memory(127),
				WorkerFunction:     memory(10241),
				ReconcilerFunction: memory(128.5),
			},
			"ApiFunction.MemorySize 128 10240 127",
			"WorkerFunction.MemorySize 128 10240 10241",
			"ReconcilerFunction.MemorySize 128 10240 128.5",
		),
		"Timeouts": invalid(
			props{
				ApiFunction:        timeout(30),
				WorkerFunction:     timeout(4),
				ReconcilerFunction: timeout(29),
			},
			"ApiFunction.Timeout 1 29 30",
			"WorkerFunction.Timeout 5 900 4",
			"ReconcilerFunction.Timeout 30 900 29",
		),
		"TimeoutInMilliseconds": invalid(
			props{
				WorkerFunction: &functionOptions{
					Timeout: awscdk.Duration_Millis(jsii.Number(5500)),
				},
			},
			"WorkerFunction.Timeout 5 900 5.5",
		),
		"Reserved": invalid(
			props{
				ApiFunction:        reserved(0),
				WorkerFunction:     reserved(1),
				ReconcilerFunction: reserved(0.5),
			},
			"ApiFunction.ReservedConcurrentExecutions 1 2147483647 0",
			"WorkerFunction.ReservedConcurrentExecutions 2 2147483647 1",
			"ReconcilerFunction.ReservedConcurrentExecutions 1 2147483647 0.5",
		),
		"Layers": invalid(
			props{WorkerFunction: &functionOptions{Layers: &[]awslambda.ILayerVersion{6: nil}}},
			"WorkerFunction.Layers nil", "WorkerFunction.Layers 5 7"),
		"LogRetention": invalid(props{LogRetention: awslogs.RetentionDays_INFINITE},
			"LogRetention INFINITE"),
		"LogLevel": invalid(
			props{LogLevel: jsii.String("INFO")},
			`LogLevel "debug" "error" "INFO"`,
		),
	}
}

func reserved(n float64) *functionOptions {
	return &functionOptions{ReservedConcurrentExecutions: &n}
}

func invalidEnvironments() map[string]invalidProps {
	variables := func(variables map[string]*string) *functionOptions {
		return &functionOptions{Environment: &variables}
	}
	return map[string]invalidProps{
		"Environment": invalid(
			props{
				ApiFunction: variables(map[string]*string{
					"BRONZE_BUCKET": jsii.String("mine"), "TEAM": jsii.String("events"),
				}),
				WorkerFunction: variables(map[string]*string{
					"AWS_REGION": jsii.String("mars"), "LAMBDA_TASK_ROOT": jsii.String("/"),
				}),
				ReconcilerFunction: variables(map[string]*string{
					"1": jsii.String("one"), "A": jsii.String("a"), "NOTHING": nil,
				}),
			},
			"ApiFunction.Environment BRONZE_BUCKET pipeline",
			"WorkerFunction.Environment AWS_REGION Lambda",
			"WorkerFunction.Environment LAMBDA_TASK_ROOT Lambda",
			`ReconcilerFunction.Environment "1"`, `ReconcilerFunction.Environment "A"`,
			"ReconcilerFunction.Environment NOTHING nil"),
	}
}

func invalidEventSources() map[string]invalidProps {
	return map[string]invalidProps{
		"BatchWithoutWindow": invalid(props{BatchSize: jsii.Number(11)},
			"BatchSize 10 11 MaxBatchingWindow"),
		"BatchTooLarge": invalid(
			props{BatchSize: jsii.Number(10001), MaxBatchingWindow: seconds(301)},
			"BatchSize 1 10000 10001", "MaxBatchingWindow 0 300 301"),
		"WindowForOneMessage": invalid(
			props{
				BatchSize:         jsii.Number(1),
				MaxBatchingWindow: seconds(1),
			},
			"MaxBatchingWindow BatchSize 1",
		),
		"MaxConcurrencyTooLow": invalid(
			props{MaxConcurrency: jsii.Number(1)}, "MaxConcurrency 2 1000 1"),
		"MinimumPollersTooLow": invalid(
			props{MinimumPollers: jsii.Number(1)}, "MinimumPollers 2 200 1"),
		"MinimumPollersTooHigh": invalid(
			props{MinimumPollers: jsii.Number(201), MaximumPollers: jsii.Number(300)},
			"MinimumPollers 2 200 201"),
		"MaximumPollersBelowMinimum": invalid(
			props{MinimumPollers: jsii.Number(5), MaximumPollers: jsii.Number(4)},
			"MaximumPollers 5 2000 4"),
		"MaximumPollersAboveReserved": invalid(
			props{
				MinimumPollers: jsii.Number(2), MaximumPollers: jsii.Number(6),
				WorkerFunction: &eventpipeline.FunctionOptions{
					ReservedConcurrentExecutions: jsii.Number(59),
				},
			},
			"MaximumPollers 6 59"),
		"MaximumPollersAlone": invalid(
			props{MaximumPollers: jsii.Number(4)}, "MaximumPollers MinimumPollers"),
		"ConcurrencyWithPollers": invalid(
			props{MinimumPollers: jsii.Number(2), MaxConcurrency: jsii.Number(4)},
			"MaxConcurrency MinimumPollers"),
		"MaxConcurrencyAboveReserved": invalid(
			props{MaxConcurrency: jsii.Number(20), WorkerFunction: reserved(19)},
			"MaxConcurrency WorkerFunction.ReservedConcurrentExecutions 20 19"),
	}
}

func invalidWorkerEntries(t *testing.T) map[string]invalidProps {
	t.Helper()
	library := folderOf(t, map[string]string{"go.mod": "module x\n", "x.go": "package orders\n"})
	noModule := folderOf(t, map[string]string{"x.go": "package main\n"})
	noSources := folderOf(t, map[string]string{
		"x_windows.go": "package main\n", "x_test.go": "package main\n",
	})
	module := folderOf(t, map[string]string{"go.mod": "module x\n"})
	spaced := filepath.Join(*module, "functions", "my orders")
	main := folderOf(t, map[string]string{"main.go": "package main\n"})
	if err := os.CopyFS(spaced, os.DirFS(*main)); err != nil {
		t.Fatal(err)
	}
	return map[string]invalidProps{
		"WorkerEntryEmpty": invalid(props{WorkerEntry: jsii.String("")}, `WorkerEntry ""`),
		"WorkerEntryMissing": invalid(props{WorkerEntry: jsii.String("./functions/orders")},
			`WorkerEntry "./functions/orders" /functions/orders`),
		"WorkerEntryLibrary": invalid(props{WorkerEntry: library}, "WorkerEntry orders "+*library),
		"WorkerEntryNoModule": invalid(
			props{WorkerEntry: noModule}, "WorkerEntry go.mod "+*noModule),
		"WorkerEntryBadPath": invalid(
			props{WorkerEntry: &spaced}, "WorkerEntry functions/my orders"),
		"WorkerEntryNoSources": invalid(
			props{WorkerEntry: noSources, LogLevel: jsii.String("trace")},
			`LogLevel "trace"`, "WorkerEntry go.mod "+*noSources, "WorkerEntry Go "+*noSources),
	}
}

func invalidReconcilers() map[string]invalidProps {
	return map[string]invalidProps{
		"ReconcilerIntervalInSeconds": invalid(
			props{ReconcilerInterval: seconds(90), ReconcilerMaxReenqueues: jsii.Number(0)},
			"ReconcilerInterval 1 1440 1.5", "ReconcilerMaxReenqueues 1 100 0"),
		"ReconcilerIntervalTooLong": invalid(
			props{ReconcilerInterval: hours(25), ReconcilerMaxReenqueues: jsii.Number(101)},
			"ReconcilerInterval 1 1440 1500", "ReconcilerMaxReenqueues 1 100 101"),
		"ReconcilerGracePeriodTooShort": invalid(
			props{ReconcilerGracePeriod: seconds(299), VisibilityTimeout: seconds(300)},
			"ReconcilerGracePeriod 300 1209600 299 VisibilityTimeout"),
	}
}
