package sqs

import (
	"net/http"
	"path"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// permissions implements Info.Permissions.
func permissions(
	scope protocol.Scope, operation string, r *http.Request,
) ([]protocol.Permission, error) {
	var in struct {
		QueueName, TaskHandle string
		QueueURL              string `json:"QueueUrl"`
		SourceARN             string `json:"SourceArn"`
		DestinationARN        string `json:"DestinationArn"`
	}
	if err := protocol.DecodeRequest(r, &in); err != nil {
		return nil, err
	}
	resource := scope.ARN(Name, path.Base(in.QueueURL))
	switch operation {
	case "ListQueues":
		resource = scope.ARN(Name, "*")
	case "CreateQueue", "GetQueueUrl":
		resource = scope.ARN(Name, in.QueueName)
	case "StartMessageMoveTask":
		return startMovePermissions(in.SourceARN, in.DestinationARN), nil
	case "ListMessageMoveTasks":
		resource = in.SourceARN
	case "CancelMessageMoveTask":
		handle, err := parseTaskHandle(in.TaskHandle)
		if err != nil {
			return nil, err
		}
		resource = handle.SourceARN
	}
	action := Name + ":" + strings.TrimSuffix(operation, "Batch")
	return []protocol.Permission{{Action: action, Resource: resource}}, nil
}

// startMovePermissions returns the permissions for StartMessageMoveTask. They include reading from
// the source and writing to the destination.
func startMovePermissions(source, destination string) (list []protocol.Permission) {
	for _, action := range []string{
		"StartMessageMoveTask", "ReceiveMessage", "DeleteMessage", "GetQueueAttributes",
	} {
		list = append(list, protocol.Permission{Action: Name + ":" + action, Resource: source})
	}
	if destination != "" {
		list = append(list, protocol.Permission{
			Action: Name + ":SendMessage", Resource: destination,
		})
	}
	return list
}
