package emulator

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"path"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/uuid"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/iam"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/sqs"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/awsconfig"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/dynamodb"
	apifunction "github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/function/api"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/function/reconciler"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/function/worker"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/s3"
	queues "github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/sqs"
)

// stage represents a deployed stage on the emulated services. Its functions run in the test
// process, with the permissions of their roles. The operator has all permissions.
type stage struct {
	t          *testing.T
	as         func(accessKey string) aws.Config
	queue, dlq *sqs.Queue
	policies   iam.Policies

	ingest     pipeline.Ingest
	statuses   pipeline.ItemReader
	worker     pipeline.Worker
	reconciler pipeline.Reconciler

	operator       pipeline.Replayer
	operatorS3     *awss3.Client
	bronze, silver string // names of the buckets
	bus            string
	secret         string // ARN
}

// Names of the functions in the stage.
const (
	apiName        = "event-driven-cloud-platform-dev-api"
	workerName     = "event-driven-cloud-platform-dev-worker"
	reconcilerName = "event-driven-cloud-platform-dev-reconciler"
)

// newStage returns a stage on the platform. The stage calls onDenial for each call that the
// policies do not allow.
func newStage(t *testing.T, p *Platform, onDenial func(iam.Denial)) *stage {
	authorizer := p.services.authorizer
	authorizer.Report = onDenial
	authorizer.FunctionOf = func(accessKey string) (string, bool) {
		return accessKey, accessKey != "operator"
	}
	server := httptest.NewServer(authorizer.Wrap(p.services.route(DefaultAccount, p.Stacks, nil)))
	t.Cleanup(server.Close)
	as := func(accessKey string) aws.Config {
		return aws.Config{
			Region: DefaultRegion, BaseEndpoint: &server.URL,
			HTTPClient:  awsconfig.PlainBodies(server.Client()),
			Credentials: credentials.NewStaticCredentialsProvider(accessKey, "secret", ""),
		}
	}
	out := p.Stacks[0].Outputs
	s := &stage{
		t: t, as: as, bus: out["EventBusName"],
		bronze: out["BronzeBucketName"], silver: out["SilverBucketName"],
		secret: out["WebhookSecretArn"],
	}
	s.policies = authorizer.Policies
	s.queue, s.dlq = s.find(p, out["QueueUrl"]), s.find(p, out["DeadLetterQueueUrl"])

	table := out["EventsTableName"]
	environment := map[string]string{
		contract.BronzeBucket:           s.bronze,
		contract.SilverBucket:           s.silver,
		contract.EventsTable:            table,
		contract.QueueURL:               out["QueueUrl"],
		contract.DeadLetterQueueURL:     out["DeadLetterQueueUrl"],
		contract.EventBusName:           s.bus,
		contract.MaxPayloadBytes:        "1048576",
		contract.AcceptTextPlain:        "false",
		contract.NotificationFormat:     "JSON",
		contract.UnknownEventTypes:      "ACCEPT",
		contract.OpenToAnyone:           "false",
		contract.StatusForAllCallers:    "false",
		contract.MaxReceiveCount:        "5",
		contract.Notifications:          "PER_EVENT",
		contract.ReconcileGraceSeconds:  "3600",
		contract.ReconcileWindowSeconds: "86400",
		contract.MaxReenqueues:          "1",
		contract.StatusRetentionDays:    "0",
	}
	env := contract.NewReader(func(name string) string { return environment[name] })
	log := slog.New(slog.DiscardHandler)
	apiHandler, err := apifunction.New(as(apiName), env, log)
	if err != nil {
		t.Fatal(err)
	}
	s.ingest, s.statuses = apiHandler.Ingest, apiHandler.Items
	workerHandler, err := worker.New(as(workerName), env, log)
	if err != nil {
		t.Fatal(err)
	}
	s.worker = workerHandler.Worker
	s.worker.Jitter = func() float64 { return 1 } // so that the delay of a retry is never 0
	reconcilerHandler, err := reconciler.New(as(reconcilerName), env, log)
	if err != nil {
		t.Fatal(err)
	}
	s.reconciler = reconcilerHandler.Reconciler
	cfg := as("operator")
	s.operatorS3 = awss3.NewFromConfig(cfg)
	s.operator = pipeline.Replayer{
		Bronze:      s3.NewBucket(cfg, s.bronze),
		Silver:      s3.NewBucket(cfg, s.silver),
		Items:       dynamodb.NewItems(cfg, table),
		Queue:       queues.NewQueue(cfg, out["QueueUrl"]),
		Checkpoints: dynamodb.NewCheckpoints(cfg, table),
		Throttle:    func(context.Context, int) error { return nil },
		Now:         time.Now,
	}
	return s
}

func newID() (string, error) {
	id, err := uuid.NewV7()
	return id.String(), err
}

func (s *stage) find(p *Platform, url string) *sqs.Queue {
	q, ok := p.services.SQS.QueueByName(path.Base(url))
	if !ok {
		s.t.Fatalf("queue %s does not exist", url)
	}
	return q
}
