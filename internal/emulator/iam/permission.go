package iam

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
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

// permissions returns the permissions that a call needs, by AWS's Service Authorization Reference.
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
	// The resource is unknown. Only a policy for all resources allows this call.
	return []permission{{action: call.Service + ":" + call.Operation, resource: "*"}}, nil
}

func (a Authorizer) arn(service, resource string) string {
	return protocol.ARN(service, a.Region, a.Account, resource)
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
	resource := a.arn("sqs", path.Base(in.QueueURL))
	switch operation {
	case "ListQueues":
		resource = a.arn("sqs", "*")
	case "CreateQueue", "GetQueueUrl":
		resource = a.arn("sqs", in.QueueName)
	case "StartMessageMoveTask":
		return startMovePermissions(in.SourceARN, in.DestinationARN), nil
	case "ListMessageMoveTasks":
		resource = in.SourceARN
	case "CancelMessageMoveTask":
		var err error
		if resource, err = moveSource(in.TaskHandle); err != nil {
			return nil, err
		}
	}
	action := "sqs:" + strings.TrimSuffix(operation, "Batch")
	return []permission{{action: action, resource: resource}}, nil
}

// startMovePermissions returns the permissions for StartMessageMoveTask. They include reading from
// the source and writing to the destination.
func startMovePermissions(source, destination string) (list []permission) {
	for _, action := range []string{
		"StartMessageMoveTask", "ReceiveMessage", "DeleteMessage", "GetQueueAttributes",
	} {
		list = append(list, permission{action: "sqs:" + action, resource: source})
	}
	if destination != "" {
		list = append(list, permission{action: "sqs:SendMessage", resource: destination})
	}
	return list
}

// moveSource returns the ARN of the source in the handle of a move task.
func moveSource(taskHandle string) (string, error) {
	text, err := base64.StdEncoding.DecodeString(taskHandle)
	if err != nil {
		return "", err
	}
	var handle struct {
		SourceARN string `json:"sourceArn"`
	}
	err = protocol.Decode(text, &handle)
	return handle.SourceARN, err
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
	resource := a.ruleARN(in.EventBusName, in.Name)
	switch operation {
	case "ListEventBuses", "ListRules":
		resource = "*"
	case "CreateEventBus", "DescribeEventBus":
		resource = a.busARN(in.Name)
	case "ListTargetsByRule", "PutTargets", "RemoveTargets":
		resource = a.ruleARN(in.EventBusName, in.Rule)
	}
	return []permission{{action: "events:" + operation, resource: resource}}, nil
}

// putEventsPermissions returns a permission for each entry. It skips a permission that equals the
// previous one.
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

func (a Authorizer) ruleARN(bus, name string) string {
	if bus == "" || bus == "default" {
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
	resource := protocol.SecretARN(a.Region, a.Account, in.SecretID)
	switch operation {
	case "GetRandomPassword", "ListSecrets":
		resource = "*"
	case "CreateSecret":
		resource = protocol.SecretARN(a.Region, a.Account, in.Name)
	}
	return []permission{{action: "secretsmanager:" + operation, resource: resource}}, nil
}

// queryPermissions returns the permissions for a call of AWS's query protocol.
func queryPermissions(r *http.Request, body []byte) ([]permission, error) {
	call := http.Request{
		Method: r.Method, URL: r.URL, Header: r.Header, Body: io.NopCloser(bytes.NewReader(body)),
	}
	if err := call.ParseForm(); err != nil {
		return nil, err
	}
	action := call.Form.Get("Action")
	if action == "GetCallerIdentity" { // needs no permission
		return nil, nil
	}
	return []permission{{action: "cloudformation:" + action, resource: "*"}}, nil
}
