// Package reconciler creates and starts the Lambda function that repairs events after a crash. A
// schedule or an operator invokes the function.
package reconciler

import (
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/awsconfig"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/dynamodb"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/eventbridge"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/function"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/handler"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/s3"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/sqs"
)

// Start handles Lambda invocations until Lambda ends the process.
func Start() { function.Start(function.NewLogger(), awsconfig.ForQueue, New) }

// New returns a handler that uses AWS services.
func New(cfg aws.Config, env *contract.Reader, log *slog.Logger) (handler.Reconciler, error) {
	silver, queue := env.Text(contract.SilverBucket), env.Text(contract.QueueURL)
	table := env.Text(contract.EventsTable)
	reconciler := handler.Reconciler{
		Reconciler: pipeline.Reconciler{
			Bronze:          s3.NewBucket(cfg, env.Text(contract.BronzeBucket)),
			Silver:          s3.NewBucket(cfg, silver),
			Items:           dynamodb.NewItems(cfg, table).EventuallyConsistent(),
			Checkpoints:     dynamodb.NewCheckpoints(cfg, table),
			Queue:           sqs.NewQueue(cfg, queue),
			DeadLetters:     sqs.NewDeadLetterQueue(cfg, env.Text(contract.DeadLetterQueueURL)),
			Bus:             eventbridge.FromEnvironment(cfg, env),
			SilverBucket:    silver,
			Grace:           env.Seconds(contract.ReconcileGraceSeconds),
			Window:          env.Seconds(contract.ReconcileWindowSeconds),
			MaxReenqueues:   env.Int(contract.MaxReenqueues, 0),
			StatusRetention: env.Days(contract.StatusRetentionDays),
			StopBefore:      pipeline.ReconcilerStopBefore,
			Now:             time.Now,
		},
		FunctionName: lambdacontext.FunctionName,
		QueueName:    sqs.QueueName(queue),
		Log:          log,
	}
	return reconciler, env.Err()
}
