package dynamodb

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// transactionActions maps the kinds of entries in a transaction to IAM actions.
var transactionActions = map[string]string{
	"Put":            "PutItem",
	"Update":         "UpdateItem",
	"Delete":         "DeleteItem",
	"ConditionCheck": "ConditionCheckItem",
	"Get":            "GetItem",
}

// permissions implements Info.Permissions.
func permissions(
	scope protocol.Scope, operation string, r *http.Request,
) ([]protocol.Permission, error) {
	var in struct {
		TableName, IndexName string
		RequestItems         map[string]json.RawMessage
		TransactItems        []map[string]struct{ TableName string }
	}
	if err := protocol.DecodeRequest(r, &in); err != nil {
		return nil, err
	}
	var list []protocol.Permission
	switch operation {
	case "TransactGetItems", "TransactWriteItems":
		for _, item := range in.TransactItems {
			for part, target := range item {
				action, ok := transactionActions[part]
				if !ok {
					return nil, fmt.Errorf("an action in TransactItems must be one of %q, got %q",
						slices.Sorted(maps.Keys(transactionActions)), part)
				}
				list = append(list, tablePermission(scope, action, target.TableName, ""))
			}
		}
	case "BatchGetItem", "BatchWriteItem":
		for _, table := range slices.Sorted(maps.Keys(in.RequestItems)) {
			list = append(list, tablePermission(scope, operation, table, ""))
		}
	case "ListTables":
		list = append(list, protocol.Permission{Action: Name + ":" + operation, Resource: "*"})
	case "Query", "Scan":
		list = append(list, tablePermission(scope, operation, in.TableName, in.IndexName))
	default:
		list = append(list, tablePermission(scope, operation, in.TableName, ""))
	}
	return list, nil
}

func tablePermission(
	scope protocol.Scope, operation, nameOrARN, index string,
) protocol.Permission {
	arn := nameOrARN
	if !strings.HasPrefix(arn, "arn:") {
		arn = scope.ARN(Name, "table/"+nameOrARN)
	}
	if index != "" {
		arn += "/index/" + index
	}
	return protocol.Permission{Action: Name + ":" + operation, Resource: arn}
}
