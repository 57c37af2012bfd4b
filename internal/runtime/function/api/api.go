// Package api creates and starts the Lambda function that handles the requests of the HTTP API.
package api

import (
	"errors"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/uuid"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/awsconfig"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/dynamodb"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/function"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/handler"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/s3"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/sqs"
)

// Start handles Lambda invocations until Lambda ends the process.
func Start() { function.Start(function.NewLogger(), awsconfig.ForClient, New) }

// New returns a handler that uses AWS services.
func New(cfg aws.Config, env *contract.Reader, log *slog.Logger) (handler.API, error) {
	bronze, queue := env.Text(contract.BronzeBucket), env.Text(contract.QueueURL)
	items := dynamodb.NewItems(cfg, env.Text(contract.EventsTable))
	schemas, schemasErr := loadSchemas()
	sources, sourcesErr := readSources(env.Optional(contract.Webhooks))
	api := handler.API{
		Ingest: pipeline.Ingest{
			Bronze:             s3.NewBucket(cfg, bronze),
			Items:              items,
			Queue:              sqs.NewQueue(cfg, queue),
			Schemas:            schemas,
			BronzeBucket:       bronze,
			MaxPayloadBytes:    env.Int(contract.MaxPayloadBytes, 1),
			RejectUnknownTypes: env.Text(contract.UnknownEventTypes) == contract.RefuseUnknown,
			StatusRetention:    env.Days(contract.StatusRetentionDays),
			KeyCache:           new(pipeline.KeyCache),
			Now:                time.Now,
			NewID:              newID,
		},
		Items:               items,
		OpenToAnyone:        env.Bool(contract.OpenToAnyone),
		TextPlain:           env.Bool(contract.AcceptTextPlain),
		StatusForAllCallers: env.Bool(contract.StatusForAllCallers),
		QueueName:           sqs.QueueName(queue),
		Webhooks:            sources,
		Log:                 log,
	}
	if len(sources) > 0 {
		api.Secrets = newSecrets(cfg, log)
	}
	return api, errors.Join(env.Err(), schemasErr, sourcesErr)
}

func newID() (string, error) {
	id, err := uuid.NewV7()
	return id.String(), err
}
