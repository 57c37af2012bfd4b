package e2e

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/dynamodb"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/s3"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/sqs"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/testing/porttest"
)

// acceptAsOlderVersion stores an event as older versions of the platform did, and returns the event
// id. Older versions accepted bodies that the current version rejects.
func (p *platform) acceptAsOlderVersion(t *testing.T, body string) string {
	t.Helper()
	cfg, bucket := p.awsConfig(), p.Outputs["BronzeBucketName"]
	event, err := porttest.AcceptOlder(t.Context(), pipeline.Ingest{
		Bronze: s3.NewBucket(cfg, bucket),
		Items:  dynamodb.NewItems(cfg, p.Outputs["EventsTableName"]),
		Queue:  sqs.NewQueue(cfg, p.Outputs["QueueUrl"]), BronzeBucket: bucket, Now: time.Now,
		NewID: func() (string, error) { id, err := uuid.NewV7(); return id.String(), err },
	}, []byte(body))
	if err != nil {
		t.Error(err)
	}
	return event.ID
}
