package emulator

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
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
	recorder   *activity.Recorder // nil if Options.Steps is nil
	debug      bool               // Options.Debug
	mappings   *eventsource.Service
	faults     *faults.Injector
	authorizer iam.Authorizer
	noPolicies bool             // whether every call is allowed
	logDenials map[string]error // function name → reason why the function may not write logs
}

// service represents an emulated service that serves an AWS API.
type service struct {
	protocol.Info
	handler interface {
		http.Handler
		Operations() []string
	}
}

// list returns the emulated services, in the order in which they are closed. EventBridge is the
// first, because it delivers events to other services until it is closed.
func (s *services) list() []service {
	return []service{
		{eventbridge.Info, s.EventBridge},
		{dynamodb.Info, s.DynamoDB},
		{lambda.Info, lambdaAPI{s.Lambda, s.mappings}},
		{logs.Info, s.Logs},
		{s3.Info, s.S3},
		{secretsmanager.Info, s.SecretsManager},
		{sqs.Info, s.SQS},
	}
}

// infos describes the emulated services, and the services that AWS's tools call to inspect the
// platform.
func infos() protocol.Services {
	described := protocol.Services{apisInfo, queryInfo}
	for _, service := range new(services).list() {
		described = append(described, service.Info)
	}
	return described
}

// FaultServices returns the sorted names of the services that a fault rule can name.
func FaultServices() []string {
	var names []string
	for _, service := range new(services).list() {
		names = append(names, service.Name)
	}
	slices.Sort(names)
	return names
}

// newServices creates the services. They load their resources from db and from the data folder.
func newServices(o Options, db *store.DB, endpoint, account, region string) (*services, error) {
	s := &services{
		noPolicies: o.NoPolicies, debug: o.Debug, logDenials: map[string]error{},
	}
	if err := s.createStores(o, db, endpoint, account, region); err != nil {
		return nil, err
	}
	// No error is possible below. So newServices never has to close S3.
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
	s.faults = faults.New(o.Faults, infos(), s.sandboxOf, s.recordFault)
	s.authorizer = iam.Authorizer{
		Services: infos(), Region: region, Account: account,
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

// openData opens and locks the database in the data folder. The database contains the state of
// earlier runs. openData returns nil if dir is "".
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

// awsHandler returns the handler of AWS's APIs. Each call passes the fault injector, then the
// authorizer, and then reaches its service.
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
		apisInfo.Name:  getAPIHandler(apis),
		queryInfo.Name: queryHandler(account, stacks),
	}
	for _, service := range s.list() {
		handlers[service.Name] = service.handler
	}
	known := infos()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler, ok := handlers[known.ReadCall(r).Service]
		if !ok {
			protocol.WriteNotServed(w, r)
			return
		}
		handler.ServeHTTP(w, r)
	})
}

// close closes the services and the recorder. The recorder passes its remaining steps to
// Options.Steps.
func (s *services) close() error {
	var errs []error
	for _, service := range s.list() {
		if closer, ok := service.handler.(io.Closer); ok {
			errs = append(errs, closer.Close())
		}
	}
	s.recorder.Close()
	return errors.Join(errs...)
}

// FaultsError reports that Options.Faults names an unknown operation or function.
type FaultsError struct{ err error }

func (e *FaultsError) Error() string { return e.err.Error() }
func (e *FaultsError) Unwrap() error { return e.err }

// checkFaults rejects faults for unknown operations and functions. Otherwise, a test with a
// misspelled name would pass without an injected fault.
func (s *services) checkFaults(c faults.Config, functions []string) error {
	operations := map[string][]string{}
	for _, service := range s.list() {
		operations[service.Name] = service.handler.Operations()
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
// a sandbox uses no CPU while it waits for a response of AWS's APIs.
var maxSandboxes = max(4, 2*runtime.NumCPU())
