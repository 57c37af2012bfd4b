// Package worker creates and starts the Lambda function that processes the queue's messages. The
// function runs the platform's default processor or a user's processor.
package worker

import (
	"log/slog"
	"math/rand/v2"
	"os"
	"time"

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

// Start handles Lambda invocations until Lambda ends the process. If processor is nil, each record
// contains the unchanged payload of its event.
func Start(processor pipeline.Processor) {
	log := function.NewLogger()
	slog.SetDefault(log)
	os.Stdout = os.Stderr // so that the processor's output does not mix with log lines
	function.Start(log, awsconfig.ForQueue, func(
		cfg aws.Config, env *contract.Reader, log *slog.Logger,
	) (handler.Worker, error) {
		worker, err := New(cfg, env, log)
		worker.Worker.Processor = processor
		return worker, err
	})
}

// New returns a handler that uses AWS services. The handler has no processor yet.
func New(cfg aws.Config, env *contract.Reader, log *slog.Logger) (handler.Worker, error) {
	bronze, silver := env.Text(contract.BronzeBucket), env.Text(contract.SilverBucket)
	queue := env.Text(contract.QueueURL)
	worker := handler.Worker{
		Worker: pipeline.Worker{
			Items:           dynamodb.NewItems(cfg, env.Text(contract.EventsTable)),
			Bronze:          s3.NewBucket(cfg, bronze),
			Silver:          s3.NewBucket(cfg, silver),
			Bus:             eventbridge.FromEnvironment(cfg, env),
			Queue:           sqs.NewQueue(cfg, queue),
			DeadLetters:     sqs.NewDeadLetterQueue(cfg, env.Text(contract.DeadLetterQueueURL)),
			BronzeBucket:    bronze,
			SilverBucket:    silver,
			MaxReceiveCount: env.Int(contract.MaxReceiveCount, 1),
			StatusRetention: env.Days(contract.StatusRetentionDays),
			Notifications:   pipeline.Notifications(env.Text(contract.Notifications)),
			StopBefore:      pipeline.WorkerStopBefore,
			Now:             time.Now,
			Jitter:          rand.Float64,
		},
		QueueName: sqs.QueueName(queue),
		Log:       log,
	}
	return worker, env.Err()
}
