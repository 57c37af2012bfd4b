// Command api is the Lambda function behind the HTTP API.
package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/google/uuid"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/awsconfig"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/dynamodb"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/handler"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/s3"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/sqs"
)

func main() {
	log := handler.NewLogger(os.Stdout)
	api, err := wire(context.Background(), log)
	if err != nil {
		log.Error("start", slog.Any("error", err))
		os.Exit(1)
	}
	lambda.Start(api)
}

func wire(ctx context.Context, log *slog.Logger) (handler.API, error) {
	var vars contract.Reader
	ingest := pipeline.Ingest{
		BronzeBucket:       vars.Text(contract.BronzeBucket),
		MaxPayloadBytes:    vars.Int(contract.MaxPayloadBytes, 1),
		RejectUnknownTypes: vars.Text(contract.UnknownEventTypes) == contract.RefuseUnknown,
		StatusRetention:    24 * time.Hour * time.Duration(vars.Int(contract.StatusRetentionDays, 0)),
		KeyCache:           new(pipeline.KeyCache),
		Now:                time.Now,
		NewID:              newID,
	}
	table, queue := vars.Text(contract.EventsTable), vars.Text(contract.QueueURL)
	open, statusForAll := vars.Bool(contract.OpenAPI), vars.Bool(contract.StatusForAllCallers)
	var schemaErr error
	ingest.Schemas, schemaErr = loadSchemas()
	if err := errors.Join(vars.Err(), schemaErr); err != nil {
		return handler.API{}, err
	}
	cfg, err := awsconfig.Load(ctx)
	if err != nil {
		return handler.API{}, err
	}
	events := dynamodb.NewEvents(cfg, table)
	ingest.Bronze, ingest.Items, ingest.Queue = s3.NewBucket(cfg, ingest.BronzeBucket), events, sqs.NewQueue(cfg, queue)
	return handler.API{Ingest: ingest, Items: events, Open: open, StatusForAllCallers: statusForAll, QueueName: sqs.NameOf(queue), Log: log}, nil
}

func newID() (string, error) {
	id, err := uuid.NewV7()
	return id.String(), err
}
