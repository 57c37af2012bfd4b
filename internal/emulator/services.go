package emulator

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/activity"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/dynamodb"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/eventbridge"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/faults"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/iam"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/lambda"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/resources"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/s3"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/sqs"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/store"
)

// services holds the emulated AWS services of a platform.
type services struct {
	resources.Services
	json       map[string]jsonService // by the prefix of X-Amz-Target
	recorder   *activity.Recorder     // nil without Options.Steps
	faults     *faults.Injector
	authorizer iam.Authorizer
	logDenials map[string]error // why functions, by name, may not write logs
}

// jsonService represents a service of the AWS JSON protocols.
type jsonService struct {
	name    string // as in IAM actions and in fault configurations
	handler interface {
		http.Handler
		Operations() []string
	}
}

// newServices starts the services with the resources that db and the data folder hold.
func newServices(
	o Options, db *store.DB, endpoint, account, region string,
) (_ *services, err error) {
	s := &services{logDenials: map[string]error{}}
	s.DynamoDB, err = dynamodb.New(dynamodb.Config{
		Region: region, Account: account, DB: db, Now: o.Now,
	})
	if err != nil {
		return nil, err
	}
	s.SQS, err = sqs.New(sqs.Config{
		Endpoint: endpoint, Region: region, Account: account, DB: db, Now: o.Now,
		OnDeadLetter: s.recordDeadLetter,
	})
	if err != nil {
		return nil, err
	}
	if s.S3, err = s3.New(s3.Config{Dir: objectsDir(o.Data), Now: o.Now}); err != nil {
		return nil, err
	}
	// Nothing fails from here on, so no error has to close what is open.
	if o.Steps != nil {
		s.recorder = activity.NewRecorder(o.Steps, o.Now)
	}
	s.Lambda = lambda.New(lambda.Config{
		Endpoint: endpoint, Region: region, Account: account, Now: o.Now,
		MaxSandboxes: maxSandboxes, Logs: s.logs(o.Logs),
	})
	s.EventBridge = eventbridge.New(eventbridge.Config{
		Region: region, Account: account, Now: o.Now,
		Deliver: s.deliverEvent, OnEvent: s.recordEvent, OnError: s.recordUndelivered,
	})
	s.json = map[string]jsonService{
		dynamodb.TargetPrefix:    {"dynamodb", s.DynamoDB},
		eventbridge.TargetPrefix: {"events", s.EventBridge},
		sqs.TargetPrefix:         {"sqs", s.SQS},
	}
	s.faults = faults.New(o.Faults, s.targets(), s.sandboxOf, s.recordFault)
	s.authorizer = iam.Authorizer{
		Targets: s.targets(), Region: region, Account: account,
		FunctionOf: s.functionOf, Report: s.recordDenial,
	}
	return s, nil
}

// openData opens the state that earlier runs left in the data folder, and locks it. Returns nil
// without one.
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

// awsHandler serves AWS's APIs: it injects faults, authorizes the call, then serves it.
func (s *services) awsHandler(
	account string, stacks []Stack, apis []*resources.API, noPolicies bool,
) http.Handler {
	handler := s.route(account, stacks, apis)
	if !noPolicies {
		handler = s.authorizer.Wrap(handler)
	}
	return s.faults.Wrap(handler)
}

// route routes requests to the services: by X-Amz-Target, by the form of the query protocol, or by
// path. All other requests are S3's.
func (s *services) route(account string, stacks []Stack, apis []*resources.API) http.Handler {
	query := queryHandler(account, stacks)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		target := r.Header.Get("X-Amz-Target")
		switch {
		case target != "":
			s.jsonHandler(target).ServeHTTP(w, r)
		case strings.HasPrefix(r.URL.Path, "/2015-03-31/"),
			strings.HasPrefix(r.URL.Path, "/_runtime/"):
			s.Lambda.ServeHTTP(w, r)
		case strings.HasPrefix(r.URL.Path, apisPath): // bucket names have at least three characters
			serveGetAPI(w, r, apis)
		case protocol.IsQuery(r):
			query.ServeHTTP(w, r)
		default:
			s.S3.ServeHTTP(w, r)
		}
	})
}

func (s *services) jsonHandler(target string) http.Handler {
	prefix, _, _ := strings.Cut(target, ".")
	if service, ok := s.json[prefix]; ok {
		return service.handler
	}
	return protocol.JSONHandler{} // answers that the operation is unknown
}

// close writes the objects to disk and shows the remaining steps.
func (s *services) close() error {
	err := errors.Join(s.EventBridge.Close(), s.S3.Close())
	s.recorder.Close()
	return err
}

// FaultsError reports that Options.Faults names an operation or a function that does not exist.
type FaultsError struct{ err error }

func (e *FaultsError) Error() string { return e.err.Error() }
func (e *FaultsError) Unwrap() error { return e.err }

// checkFaults rejects faults that can't occur. A test of failures would otherwise pass without them.
func (s *services) checkFaults(c faults.Config, functions []string) error {
	operations := map[string][]string{"s3": protocol.S3Operations()}
	for _, service := range s.json {
		operations[service.name] = service.handler.Operations()
	}
	if err := c.CheckNames(operations, functions); err != nil {
		return &FaultsError{fmt.Errorf("the faults: %w", err)}
	}
	return nil
}

// sandboxOf returns the function's process that signs with an access key.
func (s *services) sandboxOf(accessKey string) (faults.Caller, bool) {
	function, kill, ok := s.Lambda.FindSandbox(accessKey)
	return faults.Caller{Function: function, Kill: kill}, ok
}
