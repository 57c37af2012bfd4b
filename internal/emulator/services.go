package emulator

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/activity"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/dynamodb"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/eventbridge"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/eventsource"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/faults"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/iam"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/lambda"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/logs"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/resources"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/s3"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/secretsmanager"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/sqs"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/store"
)

// services holds the emulated AWS services of a platform.
type services struct {
	resources.Services
	json       map[string]jsonService // service by the prefix of X-Amz-Target
	recorder   *activity.Recorder     // nil if Options.Steps is nil
	debug      bool                   // Options.Debug
	mappings   *eventsource.Service
	faults     *faults.Injector
	authorizer iam.Authorizer
	noPolicies bool             // whether every call is allowed
	logDenials map[string]error // function name → reason why the function may not write logs
}

// jsonService represents a service with an AWS JSON protocol.
type jsonService struct {
	name    string // name of the service in IAM actions and fault configurations
	handler interface {
		http.Handler
		Operations() []string
	}
}

// newServices creates the services. They load their resources from db and from the data folder.
func newServices(o Options, db *store.DB, endpoint, account, region string) (*services, error) {
	s := &services{
		noPolicies: o.NoPolicies, debug: o.Debug, logDenials: map[string]error{},
	}
	if err := s.createStores(o, db, endpoint, account, region); err != nil {
		return nil, err
	}
	// The code below never fails, so it does not need to close S3 after an error.
	if o.Steps != nil {
		s.recorder = activity.NewRecorder(o.Steps, o.Now)
	}
	s.Logs = logs.New(logs.Config{Region: region, Account: account, Now: o.Now})
	s.Lambda = lambda.New(lambda.Config{
		Endpoint: endpoint, Region: region, Account: account, Now: o.Now,
		MaxSandboxes: maxSandboxes, Logs: s.writeLogs(o.Logs),
	})
	s.EventBridge = eventbridge.New(eventbridge.Config{
		Region: region, Account: account, Now: o.Now,
		Deliver: s.deliverEvent, CheckTarget: s.checkTarget,
		OnEvent: s.recordEvent, OnError: s.recordUndelivered,
	})
	s.json = map[string]jsonService{
		dynamodb.TargetPrefix:       {"dynamodb", s.DynamoDB},
		eventbridge.TargetPrefix:    {"events", s.EventBridge},
		logs.TargetPrefix:           {"logs", s.Logs},
		secretsmanager.TargetPrefix: {"secretsmanager", s.SecretsManager},
		sqs.TargetPrefix:            {"sqs", s.SQS},
	}
	s.faults = faults.New(o.Faults, s.targets(), s.sandboxOf, s.recordFault)
	s.authorizer = iam.Authorizer{
		Targets: s.targets(), Region: region, Account: account,
		FunctionOf: s.functionOf, Report: s.recordDenial,
	}
	return s, nil
}

// createStores creates the services that keep data across runs.
func (s *services) createStores(
	o Options, db *store.DB, endpoint, account, region string,
) (err error) {
	s.DynamoDB, err = dynamodb.New(dynamodb.Config{
		Region: region, Account: account, DB: db, Now: o.Now,
	})
	if err != nil {
		return err
	}
	s.SQS, err = sqs.New(sqs.Config{
		Endpoint: endpoint, Region: region, Account: account, DB: db, Now: o.Now,
		OnDeadLetter: s.recordDeadLetter,
	})
	if err != nil {
		return err
	}
	s.SecretsManager, err = secretsmanager.New(secretsmanager.Config{
		Region: region, Account: account, DB: db, Now: o.Now,
	})
	if err != nil {
		return err
	}
	s.S3, err = s3.New(s3.Config{
		Dir: objectsDir(o.Data), Region: region, Now: o.Now,
		SecretKey: func(accessKey string) string {
			return cmp.Or(o.Credentials[accessKey], accessKey)
		},
	})
	return err
}

// openData opens and locks the database in the data folder, with the state of earlier runs. It
// returns nil if dir is "".
func openData(dir string) (*store.DB, error) {
	if dir == "" {
		return nil, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create the data folder: %w", err)
	}
	return store.Open(filepath.Join(dir, "state.db"))
}

func objectsDir(data string) string {
	if data == "" {
		return ""
	}
	return filepath.Join(data, "s3")
}

func (s *services) targets() protocol.Targets {
	targets := protocol.Targets{}
	for prefix, service := range s.json {
		targets[prefix] = service.name
	}
	return targets
}

// awsHandler returns the handler of AWS's APIs. It injects faults into each call, then authorizes
// the call, and then serves it.
func (s *services) awsHandler(account string, stacks []Stack, apis []*resources.API) http.Handler {
	handler := s.route(account, stacks, apis)
	if !s.noPolicies {
		handler = s.authorizer.Wrap(handler)
	}
	handler = s.faults.Wrap(handler)
	if s.debug {
		handler = s.recordCalls(handler)
	}
	api := sqs.QueryProtocol(protocol.KeepCall(handler))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, lambda.RuntimePrefix) { // not an AWS API
			s.Lambda.ServeHTTP(w, r)
			return
		}
		api.ServeHTTP(w, r)
	})
}

// route returns a handler that passes each request to its service. protocol.ReadCall finds the name
// of the service.
func (s *services) route(account string, stacks []Stack, apis []*resources.API) http.Handler {
	handlers := map[string]http.Handler{
		"lambda":     s.lambdaHandler(),
		"query":      queryHandler(account, stacks),
		"apigateway": getAPIHandler(apis),
		"s3":         s.S3,
	}
	for _, service := range s.json {
		handlers[service.name] = service.handler
	}
	targets := s.targets()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler, ok := handlers[targets.ReadCall(r).Service]
		if !ok {
			protocol.WriteNotServed(w, r)
			return
		}
		handler.ServeHTTP(w, r)
	})
}

// lambdaHandler returns a handler of the Lambda API.
func (s *services) lambdaHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", s.Lambda)
	mux.Handle(eventsource.Path, s.mappings.Handler())
	mux.Handle(eventsource.Path+"/", s.mappings.Handler())
	return mux
}

// close closes EventBridge, S3, DynamoDB, SQS and the recorder. It writes the objects to disk and
// passes the remaining steps to Options.Steps.
func (s *services) close() error {
	err := errors.Join(s.EventBridge.Close(), s.S3.Close(), s.DynamoDB.Close(), s.SQS.Close())
	s.recorder.Close()
	return err
}

// FaultsError reports that Options.Faults names an unknown operation or function.
type FaultsError struct{ err error }

func (e *FaultsError) Error() string { return e.err.Error() }
func (e *FaultsError) Unwrap() error { return e.err }

// checkFaults rejects faults for unknown operations and functions. The platform never injects such
// faults, so a test with them passes without testing a failure.
func (s *services) checkFaults(c faults.Config, functions []string) error {
	operations := map[string][]string{"s3": protocol.S3Operations()}
	for _, service := range s.json {
		operations[service.name] = service.handler.Operations()
	}
	if err := c.CheckNames(operations, functions); err != nil {
		return &FaultsError{fmt.Errorf("check the faults: %w", err)}
	}
	return nil
}

// sandboxOf returns the sandbox that signs its calls with the access key. Each sandbox of a
// function has its own access key.
func (s *services) sandboxOf(accessKey string) (faults.Caller, bool) {
	function, kill, ok := s.Lambda.FindSandbox(accessKey)
	return faults.Caller{Function: function, Kill: kill}, ok
}

// maxSandboxes limits the number of sandboxes of a function. It exceeds the number of CPUs, because
// sandboxes often wait for AWS's APIs, which run on the same CPUs.
var maxSandboxes = max(4, 2*runtime.NumCPU())
