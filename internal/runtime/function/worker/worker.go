// Package worker is the Lambda function that the queue's event source mapping invokes, wired to AWS: the platform's own
// (functions/worker) and those with a processor of the user's (package processor).
package worker

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/awsconfig"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/dynamodb"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/eventbridge"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/handler"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/s3"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/sqs"
)

// Start serves Lambda until the process is killed. A nil processor makes of each payload a record that holds it.
func Start(processor pipeline.Processor) {
	log := handler.NewLogger(os.Stdout)
	slog.SetDefault(log)
	worker, err := wire(context.Background(), log)
	if err != nil {
		log.Error("start", slog.Any("error", err))
		os.Exit(1)
	}
	worker.Worker.Processor = processor
	os.Stdout = os.Stderr // what a processor prints, maybe without an end of line, must not get between log lines
	lambda.Start(worker)
}

func wire(ctx context.Context, log *slog.Logger) (handler.Worker, error) {
	var vars contract.Reader
	worker := pipeline.Worker{
		BronzeBucket:    vars.Text(contract.BronzeBucket),
		SilverBucket:    vars.Text(contract.SilverBucket),
		MaxReceiveCount: vars.Int(contract.MaxReceiveCount, 1),
		StatusRetention: 24 * time.Hour * time.Duration(vars.Int(contract.StatusRetentionDays, 0)),
		StopBefore:      2 * time.Second,
		Now:             time.Now,
		Jitter:          rand.Float64,
	}
	table, queue, bus := vars.Text(contract.EventsTable), vars.Text(contract.QueueURL), vars.Text(contract.EventBusName)
	deadLetters := vars.Text(contract.DeadLetterQueueURL)
	if err := vars.Err(); err != nil {
		return handler.Worker{}, err
	}
	cfg, err := awsconfig.Load(ctx)
	if err != nil {
		return handler.Worker{}, err
	}
	worker.Items = dynamodb.NewEvents(cfg, table)
	worker.Bronze, worker.Silver = s3.NewBucket(cfg, worker.BronzeBucket), s3.NewBucket(cfg, worker.SilverBucket)
	worker.Bus, worker.Queue = eventbridge.NewBus(cfg, bus), sqs.NewQueue(cfg, queue)
	worker.DeadLetters = sqs.NewDeadLetters(cfg, deadLetters)
	return handler.Worker{Worker: worker, QueueName: sqs.NameOf(queue), Log: log}, nil
}
