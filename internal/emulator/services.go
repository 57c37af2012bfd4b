package emulator

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/activity"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/dynamodb"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/eventbridge"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/eventsource"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/faults"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/iam"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/lambda"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/s3"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/sqs"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/store"
)

// services are the AWS services of the platform.
type services struct {
	feed     *activity.Recorder // nil when nobody wants the steps
	s3       *s3.Service
	dynamodb *dynamodb.Service
	sqs      *sqs.Service
	events   *eventbridge.Service
	lambda   *lambda.Service
	faults   *faults.Injector
	guard    iam.Authorizer
	silent   map[string]error // why functions, by name, may not write logs
}

// targets names the services of the AWS JSON protocols.
var targets = protocol.Targets{dynamodb.TargetPrefix: "dynamodb", sqs.TargetPrefix: "sqs", eventbridge.TargetPrefix: "events"}

// openData opens what earlier runs left in o.Data, and keeps others off it; nil when nothing is kept.
func openData(o Options) (*store.DB, error) {
	if o.Data == "" {
		return nil, nil
	}
	if err := os.MkdirAll(o.Data, 0o700); err != nil {
		return nil, fmt.Errorf("create the data folder: %w", err)
	}
	return store.Open(filepath.Join(o.Data, "state.db"))
}

// newServices starts the services, without any resource but those that earlier runs left in o.Data, which db is of.
func newServices(o Options, db *store.DB, endpoint, account, region string) (_ *services, err error) {
	s := &services{silent: map[string]error{}}
	if o.Steps != nil {
		s.feed = activity.NewRecorder(o.Steps, o.Now)
	}
	defer func() {
		if err != nil {
			_ = s.close()
		}
	}()
	objects := ""
	if o.Data != "" {
		objects = filepath.Join(o.Data, "s3")
	}
	if s.s3, err = s3.New(s3.Config{Dir: objects, Now: o.Now}); err != nil {
		return nil, err
	}
	if s.dynamodb, err = dynamodb.New(dynamodb.Config{DB: db, Region: region, Account: account, Now: o.Now}); err != nil {
		return nil, err
	}
	s.sqs, err = sqs.New(sqs.Config{
		Endpoint: endpoint, Region: region, Account: account, DB: db, Now: o.Now, OnDeadLetter: s.deadLettered,
	})
	if err != nil {
		return nil, err
	}
	s.lambda = lambda.New(lambda.Config{
		Endpoint: endpoint, Region: region, Account: account, MaxSandboxes: maxSandboxes, Logs: s.logs(o), Now: o.Now,
	})
	s.events = eventbridge.New(eventbridge.Config{
		Region: region, Account: account, Now: o.Now, Deliver: s.deliver, OnEvent: s.published, OnError: s.undelivered,
	})
	s.faults = faults.New(o.Faults, targets, s.caller, s.faulted)
	s.guard = iam.Authorizer{Targets: targets, Region: region, Account: account, FunctionOf: s.function, Report: s.denied}
	return s, nil
}

// front is what serves AWS's APIs: what goes wrong on the way there, then who may, then the services.
func (s *services) front(account string, stacks []Stack, apis []*api, noPolicies bool) http.Handler {
	handler := s.handler(account, stacks, apis)
	if !noPolicies {
		handler = s.guard.Wrap(handler)
	}
	return s.faults.Wrap(handler)
}

// function finds the function that signs with an access key.
func (s *services) function(accessKey string) (string, bool) {
	function, _, ok := s.lambda.FindSandbox(accessKey)
	return function, ok
}

// silence keeps a function's log back, and says why.
func (s *services) silence(function, operation string, why error) {
	s.silent[function] = why
	s.denied(iam.Denial{Caller: function, Service: "logs", Operation: operation, Message: why.Error()})
}

// caller finds the function's process that signs with an access key.
func (s *services) caller(accessKey string) (faults.Caller, bool) {
	function, kill, ok := s.lambda.FindSandbox(accessKey)
	return faults.Caller{Function: function, Kill: kill}, ok
}

// handler routes the requests to AWS's APIs. What tells the services apart is the X-Amz-Target header, the form of
// AWS's older protocol, or the path; whatever is left is S3's.
func (s *services) handler(account string, stacks []Stack, apis []*api) http.Handler {
	targets := map[string]http.Handler{dynamodb.TargetPrefix: s.dynamodb, sqs.TargetPrefix: s.sqs, eventbridge.TargetPrefix: s.events}
	query := queryAPI{account: account, stacks: stacks}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		target := r.Header.Get("X-Amz-Target")
		switch {
		case target != "":
			service, _, _ := strings.Cut(target, ".")
			handler, ok := targets[service]
			if !ok {
				handler = protocol.JSONHandler{} // says that the operation is unknown
			}
			handler.ServeHTTP(w, r)
		case strings.HasPrefix(r.URL.Path, "/2015-03-31/"), strings.HasPrefix(r.URL.Path, "/_runtime/"):
			s.lambda.ServeHTTP(w, r)
		case strings.HasPrefix(r.URL.Path, "/v2/apis/"): // no bucket has a name of two letters
			serveAPI(w, r, apis)
		case protocol.IsQuery(r):
			query.ServeHTTP(w, r)
		default:
			s.s3.ServeHTTP(w, r)
		}
	})
}

// deliver takes an event to a rule's target.
func (s *services) deliver(_ context.Context, d eventbridge.Delivery) error {
	parts := strings.Split(d.TargetARN, ":") // arn:aws:SERVICE:REGION:ACCOUNT:…
	if len(parts) < 6 {
		return fmt.Errorf("%s is not an ARN", d.TargetARN)
	}
	switch parts[2] {
	case "sqs":
		queue, ok := s.sqs.QueueByARN(d.TargetARN)
		if !ok {
			return errors.New("there is no such queue")
		}
		if err := s.mayDeliver(d, "sqs:SendMessage", d.TargetARN); err != nil {
			return err
		}
		_, err := queue.Send(string(d.Event), 0)
		return err
	case "lambda":
		function := strings.Join(parts[:min(7, len(parts))], ":") // without a version or alias
		if err := s.mayDeliver(d, "lambda:InvokeFunction", function); err != nil {
			return err
		}
		return s.lambda.InvokeAsync(functionName(d.TargetARN), d.Event)
	}
	return fmt.Errorf("targets of %s are not run locally", parts[2])
}

// mayDeliver asks the target's policy whether EventBridge may act on it for the rule.
func (s *services) mayDeliver(d eventbridge.Delivery, action, resource string) error {
	if _, ok := s.guard.Policies.Resources[resource]; !ok {
		return nil // it was made by hand, or policies are not enforced
	}
	return s.guard.AuthorizeService("events.amazonaws.com", d.RuleARN, action, resource, nil)
}

// invoke invokes a function for an event source mapping.
func (s *services) invoke(ctx context.Context, function string, payload []byte) (eventsource.Result, error) {
	result, err := s.lambda.Invoke(ctx, function, payload)
	return eventsource.Result(result), err
}

// functionName is the name in a function's ARN, in one of its versions or aliases, or in API Gateway's URI of it; a plain
// name is returned as it is.
func functionName(reference string) string {
	if _, after, ok := strings.Cut(reference, ":function:"); ok {
		reference = after
	}
	name, _, _ := strings.Cut(reference, "/invocations")
	name, _, _ = strings.Cut(name, ":")
	return name
}

// stopFunctions kills the functions.
func (s *services) stopFunctions() error {
	if s.lambda == nil {
		return nil
	}
	return s.lambda.Close()
}

// close writes the objects to disk, and shows the steps that wait.
func (s *services) close() error {
	var errs []error
	if s.events != nil {
		errs = append(errs, s.events.Close())
	}
	if s.s3 != nil {
		errs = append(errs, s.s3.Close())
	}
	s.feed.Close()
	return errors.Join(errs...)
}

// logs takes the lines of functions' logs, as CloudWatch does if the function's role may write there.
func (s *services) logs(o Options) func(function string, line []byte) {
	return func(function string, line []byte) {
		if s.silent[function] != nil {
			return
		}
		s.feed.RecordLine(function, line)
		if o.Logs != nil {
			o.Logs(function, line)
		}
	}
}
