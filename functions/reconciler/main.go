// Command reconciler is the Lambda function that heals what crashes left, by a schedule or on request.
package main

import (
	"context"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/awsconfig"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/dynamodb"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/env"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/eventbridge"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/handler"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/s3"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/sqs"
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
	var vars env.Reader
	reconciler := pipeline.Reconciler{
		SilverBucket:    vars.Text(env.SilverBucket),
		Grace:           time.Second * time.Duration(vars.Int(env.ReconcileGraceSeconds, 1)),
		Window:          time.Second * time.Duration(vars.Int(env.ReconcileWindowSeconds, 1)),
		MaxReenqueues:   vars.Int(env.MaxReenqueues, 0),
		StatusRetention: 24 * time.Hour * time.Duration(vars.Int(env.StatusRetentionDays, 0)),
		StopBefore:      10 * time.Second,
		Now:             time.Now,
	}
	bronze, table, queue := vars.Text(env.BronzeBucket), vars.Text(env.EventsTable), vars.Text(env.QueueURL)
	deadLetters, bus := vars.Text(env.DeadLetterQueueURL), vars.Text(env.EventBusName)
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
