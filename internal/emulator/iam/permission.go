package iam

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/eventbridge"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// permission represents the permission to perform an action on a resource.
type permission struct {
	action, resource string
	context          map[string]string // see Request.Context
}

// permissions returns the permissions that a call needs, according to AWS's Service Authorization
// Reference.
func (a Authorizer) permissions(
	call protocol.Call, r *http.Request, body []byte,
) ([]permission, error) {
	switch call.Service {
	case "s3":
		return s3Permissions(call.Operation, r, body)
	case "dynamodb":
		return a.dynamodbPermissions(call.Operation, body)
	case "sqs":
		return a.sqsPermissions(call.Operation, body)
	case "events":
		return a.eventsPermissions(call.Operation, r, body)
	case "lambda":
		return a.lambdaPermissions(call.Operation, r)
	case "secretsmanager":
		return a.secretsPermissions(call.Operation, body)
	case "query":
		return queryPermissions(r, body)
	}
	// The resource is unknown. Only a policy for all resources allows the call.
	return []permission{{action: call.Service + ":" + call.Operation, resource: "*"}}, nil
}

func (a Authorizer) arn(service, resource string) string {
	return "arn:aws:" + service + ":" + a.Region + ":" + a.Account + ":" + resource
}

func (a Authorizer) sqsPermissions(operation string, body []byte) ([]permission, error) {
	var in struct {
		QueueName, TaskHandle string
		QueueURL              string `json:"QueueUrl"`
		SourceARN             string `json:"SourceArn"`
		DestinationARN        string `json:"DestinationArn"`
	}
	if err := protocol.Decode(body, &in); err != nil {
		return nil, err
	}
	if strings.HasSuffix(operation, "MessageMoveTask") ||
		strings.HasSuffix(operation, "MessageMoveTasks") {
		return movePermissions(operation, in.SourceARN, in.DestinationARN, in.TaskHandle)
	}
	name := in.QueueName
	if in.QueueURL != "" {
		name = path.Base(in.QueueURL)
	}
	if name == "" {
		name = "*" // an operation without a queue, such as ListQueues
	}
	action := "sqs:" + strings.TrimSuffix(operation, "Batch")
	return []permission{{action: action, resource: a.arn("sqs", name)}}, nil
}

// movePermissions returns the permissions for the operations on move tasks. A caller that starts a
// task also needs the permissions to read the source and to write to the destination.
func movePermissions(operation, source, destination, taskHandle string) ([]permission, error) {
	if taskHandle != "" {
		text, err := base64.StdEncoding.DecodeString(taskHandle)
		if err != nil {
			return nil, err
		}
		var handle struct {
			SourceARN string `json:"sourceArn"`
		}
		if err := protocol.Decode(text, &handle); err != nil {
			return nil, err
		}
		source = handle.SourceARN
	}
	list := []permission{{action: "sqs:" + operation, resource: source}}
	if operation != "StartMessageMoveTask" {
		return list, nil
	}
	for _, action := range []string{"ReceiveMessage", "DeleteMessage", "GetQueueAttributes"} {
		list = append(list, permission{action: "sqs:" + action, resource: source})
	}
	if destination != "" {
		list = append(list, permission{action: "sqs:SendMessage", resource: destination})
	}
	return list, nil
}

func (a Authorizer) eventsPermissions(
	operation string, r *http.Request, body []byte,
) ([]permission, error) {
	if operation == "PutEvents" {
		return a.putEventsPermissions(r, body)
	}
	var in struct{ Name, Rule, EventBusName string }
	if err := protocol.Decode(body, &in); err != nil {
		return nil, err
	}
	resource := a.eventsARN(operation, in.EventBusName, in.Name+in.Rule)
	return []permission{{action: "events:" + operation, resource: resource}}, nil
}

// putEventsPermissions returns a permission for each entry. It skips an entry that needs the same
// permission as the previous entry.
func (a Authorizer) putEventsPermissions(r *http.Request, body []byte) ([]permission, error) {
	in, err := protocol.DecodeBody[eventbridge.PutEventsInput](r, body)
	if err != nil {
		return nil, err
	}
	var list []permission
	for i, e := range in.Entries {
		if i > 0 && e.EventBusName == in.Entries[i-1].EventBusName &&
			e.Source == in.Entries[i-1].Source && e.DetailType == in.Entries[i-1].DetailType {
			continue
		}
		context := map[string]string{"events:source": e.Source, "events:detail-type": e.DetailType}
		list = append(list, permission{"events:PutEvents", a.busARN(e.EventBusName), context})
	}
	return list, nil
}

func (a Authorizer) busARN(nameOrARN string) string {
	switch {
	case strings.HasPrefix(nameOrARN, "arn:"):
		return nameOrARN
	case nameOrARN == "":
		nameOrARN = "default"
	}
	return a.arn("events", "event-bus/"+nameOrARN)
}

func (a Authorizer) eventsARN(operation, bus, name string) string {
	switch {
	case strings.HasSuffix(operation, "EventBus"):
		return a.busARN(name)
	case name == "": // a list operation
		return "*"
	case bus == "" || bus == "default":
		return a.arn("events", "rule/"+name)
	}
	return a.arn("events", "rule/"+path.Base(bus)+"/"+name)
}

func (a Authorizer) lambdaPermissions(operation string, r *http.Request) ([]permission, error) {
	function, err := url.PathUnescape(protocol.LambdaFunction(r))
	if err != nil {
		return nil, err
	}
	if operation == "" {
		return nil, fmt.Errorf("the emulator does not know the call %s %s", r.Method, r.URL.Path)
	}
	if operation == "Invoke" {
		operation = "InvokeFunction"
	}
	switch {
	case function == "":
		function = "*"
	case !strings.HasPrefix(function, "arn:"):
		function = a.arn("lambda", "function:"+function)
	}
	if qualifier := r.URL.Query().Get("Qualifier"); qualifier != "" {
		function += ":" + qualifier
	}
	return []permission{{action: "lambda:" + operation, resource: function}}, nil
}

func (a Authorizer) secretsPermissions(operation string, body []byte) ([]permission, error) {
	var in struct {
		Name     string
		SecretID string `json:"SecretId"`
	}
	if err := protocol.Decode(body, &in); err != nil {
		return nil, err
	}
	resource := "*" // an operation without a secret, such as ListSecrets
	if id := cmp.Or(in.SecretID, in.Name); id != "" {
		resource = protocol.SecretARN(a.Region, a.Account, id)
	}
	return []permission{{action: "secretsmanager:" + operation, resource: resource}}, nil
}

// queryPermissions returns the permissions for a call of AWS's query protocol.
func queryPermissions(r *http.Request, body []byte) ([]permission, error) {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	action := cmp.Or(form.Get("Action"), r.URL.Query().Get("Action"))
	if action == "GetCallerIdentity" { // needs no permission
		return nil, nil
	}
	return []permission{{action: "cloudformation:" + action, resource: "*"}}, nil
}
