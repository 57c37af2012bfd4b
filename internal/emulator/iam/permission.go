package iam

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// permission is one thing that a call must be allowed.
type permission struct {
	action, resource string
	context          map[string]string // as a Request's
}

// location is where the resources are.
type location struct{ region, account string }

func (p location) arn(service, resource string) string {
	return "arn:aws:" + service + ":" + p.region + ":" + p.account + ":" + resource
}

// permissions lists what a call must be allowed, as AWS's service authorization reference has it. An error means that this
// is not known, or not told by the request.
func (p location) permissions(call protocol.Call, r *http.Request, body []byte) ([]permission, error) {
	switch call.Service {
	case "s3":
		return s3Permissions(call.Operation, r, body)
	case "dynamodb":
		return p.dynamodbPermissions(call.Operation, body)
	case "sqs":
		return p.sqsPermissions(call.Operation, body)
	case "events":
		return p.eventsPermissions(call.Operation, body)
	case "lambda":
		return p.lambdaPermissions(call.Operation, r)
	case "query":
		return queryPermissions(body)
	}
	return nil, fmt.Errorf("it is not known which action the call %s needs", r.Header.Get("X-Amz-Target"))
}

// sqsActions are the actions of the operations that have no action of their own.
var sqsActions = map[string]string{
	"SendMessageBatch":             "SendMessage",
	"DeleteMessageBatch":           "DeleteMessage",
	"ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
}

func (p location) sqsPermissions(operation string, body []byte) ([]permission, error) {
	var in struct{ QueueURL, QueueName string }
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	action := operation
	if actionOf, ok := sqsActions[operation]; ok {
		action = actionOf
	}
	name := in.QueueName
	if in.QueueURL != "" {
		name = in.QueueURL[strings.LastIndexByte(in.QueueURL, '/')+1:]
	}
	if name == "" {
		name = "*" // of operations on no queue, such as ListQueues
	}
	return []permission{{action: "sqs:" + action, resource: p.arn("sqs", name)}}, nil
}

func (p location) eventsPermissions(operation string, body []byte) ([]permission, error) {
	var in struct {
		Name, Rule, EventBusName string
		Entries                  []struct{ EventBusName, Source, DetailType string }
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	if operation == "PutEvents" {
		var list []permission
		for _, e := range in.Entries {
			list = append(list, permission{action: "events:PutEvents", resource: p.busARN(e.EventBusName),
				context: map[string]string{"events:source": e.Source, "events:detail-type": e.DetailType}})
		}
		return list, nil
	}
	return []permission{{action: "events:" + operation, resource: p.eventsARN(operation, in.EventBusName, in.Name+in.Rule)}}, nil
}

// busARN is the ARN of a bus, which may be given already.
func (p location) busARN(nameOrARN string) string {
	switch {
	case strings.HasPrefix(nameOrARN, "arn:"):
		return nameOrARN
	case nameOrARN == "":
		nameOrARN = "default"
	}
	return p.arn("events", "event-bus/"+nameOrARN)
}

func (p location) eventsARN(operation, bus, name string) string {
	switch {
	case strings.HasSuffix(operation, "EventBus"):
		return p.busARN(name)
	case name == "": // of lists
		return "*"
	case bus == "" || bus == "default":
		return p.arn("events", "rule/"+name)
	}
	return p.arn("events", "rule/"+bus[strings.LastIndexByte(bus, '/')+1:]+"/"+name)
}

func (p location) lambdaPermissions(operation string, r *http.Request) ([]permission, error) {
	function, err := url.PathUnescape(protocol.LambdaFunction(r))
	if err != nil {
		return nil, err
	}
	if operation == "Invoke" {
		operation = "InvokeFunction"
	}
	switch {
	case function == "":
		function = "*"
	case !strings.HasPrefix(function, "arn:"):
		function = p.arn("lambda", "function:"+function)
	}
	return []permission{{action: "lambda:" + operation, resource: function}}, nil
}

// queryPermissions are those of AWS's oldest protocol, of which anybody may ask who is calling.
func queryPermissions(body []byte) ([]permission, error) {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	if form.Get("Action") == "GetCallerIdentity" {
		return nil, nil
	}
	return []permission{{action: "cloudformation:" + form.Get("Action"), resource: "*"}}, nil
}
