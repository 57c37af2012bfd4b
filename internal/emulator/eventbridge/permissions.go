package eventbridge

import (
	"net/http"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// permissions implements Info.Permissions.
func permissions(
	scope protocol.Scope, operation string, r *http.Request,
) ([]protocol.Permission, error) {
	if operation == "PutEvents" {
		return putEventsPermissions(scope, r)
	}
	var in struct{ Name, Rule, EventBusName string }
	if err := protocol.DecodeRequest(r, &in); err != nil {
		return nil, err
	}
	resource := arnOfRule(scope, in.EventBusName, in.Name)
	switch operation {
	case "ListEventBuses", "ListRules":
		resource = "*"
	case "CreateEventBus", "DescribeEventBus":
		resource = requestedBus(scope, in.Name)
	case "ListTargetsByRule", "PutTargets", "RemoveTargets":
		resource = arnOfRule(scope, in.EventBusName, in.Rule)
	}
	return []protocol.Permission{{Action: Name + ":" + operation, Resource: resource}}, nil
}

// putEventsPermissions returns a permission for each entry. It skips a permission that equals the
// previous one.
func putEventsPermissions(scope protocol.Scope, r *http.Request) ([]protocol.Permission, error) {
	body, err := protocol.ReadBody(r, protocol.MaxJSONBody)
	if err != nil {
		return nil, err
	}
	in, err := protocol.DecodeBody[putEventsInput](r, body)
	if err != nil {
		return nil, err
	}
	var list []protocol.Permission
	for i, e := range in.Entries {
		if i > 0 && e.EventBusName == in.Entries[i-1].EventBusName &&
			e.Source == in.Entries[i-1].Source && e.DetailType == in.Entries[i-1].DetailType {
			continue
		}
		list = append(list, protocol.Permission{
			Action: Name + ":PutEvents", Resource: requestedBus(scope, e.EventBusName),
			Context: map[string]string{
				"events:source": e.Source, "events:detail-type": e.DetailType,
			},
		})
	}
	return list, nil
}

// requestedBus returns the ARN of the event bus that a request names. "" names the default bus.
func requestedBus(scope protocol.Scope, nameOrARN string) string {
	switch {
	case strings.HasPrefix(nameOrARN, "arn:"):
		return nameOrARN
	case nameOrARN == "":
		nameOrARN = defaultBus
	}
	return scope.ARN(Name, "event-bus/"+nameOrARN)
}

// arnOfRule returns the ARN of a rule. bus is the name or the ARN of the rule's event bus.
func arnOfRule(scope protocol.Scope, bus, name string) string {
	if _, busName, isARN := strings.Cut(bus, ":event-bus/"); isARN {
		bus = busName
	}
	if bus != "" && bus != defaultBus {
		name = bus + "/" + name
	}
	return scope.ARN(Name, "rule/"+name)
}
