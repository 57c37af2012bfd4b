// Command reconciler is the Lambda function that heals what crashes left, by a schedule or on request.
package main

import (
	"context"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/awsconfig"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/dynamodb"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/eventbridge"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/handler"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/s3"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/sqs"
)

func main() {
	log := handler.NewLogger(os.Stdout)
	reconciler, err := wire(context.Background(), log)
	if err != nil {
		log.Error("start", slog.Any("error", err))
		os.Exit(1)
	}
	lambda.Start(reconciler)
}

func wire(ctx context.Context, log *slog.Logger) (handler.Reconciler, error) {
	var vars contract.Reader
	reconciler := pipeline.Reconciler{
		SilverBucket:    vars.Text(contract.SilverBucket),
		Grace:           time.Second * time.Duration(vars.Int(contract.ReconcileGraceSeconds, 1)),
		Window:          time.Second * time.Duration(vars.Int(contract.ReconcileWindowSeconds, 1)),
		MaxReenqueues:   vars.Int(contract.MaxReenqueues, 0),
		StatusRetention: 24 * time.Hour * time.Duration(vars.Int(contract.StatusRetentionDays, 0)),
		StopBefore:      10 * time.Second,
		Now:             time.Now,
	}
	bronze, table, queue := vars.Text(contract.BronzeBucket), vars.Text(contract.EventsTable), vars.Text(contract.QueueURL)
	deadLetters, bus := vars.Text(contract.DeadLetterQueueURL), vars.Text(contract.EventBusName)
	if err := vars.Err(); err != nil {
		return handler.Reconciler{}, err
	}
	cfg, err := awsconfig.Load(ctx)
	if err != nil {
		return handler.Reconciler{}, err
	}
	reconciler.Bronze, reconciler.Silver = s3.NewBucket(cfg, bronze), s3.NewBucket(cfg, reconciler.SilverBucket)
	reconciler.Items, reconciler.Checkpoints = dynamodb.NewEvents(cfg, table).Eventually(), dynamodb.NewCheckpoints(cfg, table)
	reconciler.Queue, reconciler.DeadLetters = sqs.NewQueue(cfg, queue), sqs.NewDeadLetters(cfg, deadLetters)
	reconciler.Bus = eventbridge.NewBus(cfg, bus)
	return handler.Reconciler{Reconciler: reconciler, FunctionName: lambdacontext.FunctionName, QueueName: sqs.NameOf(queue), Log: log}, nil
}
