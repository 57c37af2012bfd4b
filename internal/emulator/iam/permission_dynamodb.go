package iam

import (
	"encoding/json"
	"fmt"
	"maps"
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

func (a Authorizer) dynamodbPermissions(operation string, body []byte) ([]permission, error) {
	var in struct {
		TableName, IndexName string
		RequestItems         map[string]json.RawMessage
		TransactItems        []map[string]struct{ TableName string }
	}
	if err := protocol.Decode(body, &in); err != nil {
		return nil, err
	}
	var list []permission
	switch operation {
	case "TransactGetItems", "TransactWriteItems":
		for _, item := range in.TransactItems {
			for part, target := range item {
				action, ok := transactionActions[part]
				if !ok {
					return nil, fmt.Errorf("an action in TransactItems must be one of %q, got %q",
						slices.Sorted(maps.Keys(transactionActions)), part)
				}
				list = append(list, a.tablePermission(action, target.TableName, ""))
			}
		}
	case "BatchGetItem", "BatchWriteItem":
		for _, table := range slices.Sorted(maps.Keys(in.RequestItems)) {
			list = append(list, a.tablePermission(operation, table, ""))
		}
	case "ListTables":
		list = append(list, permission{action: "dynamodb:" + operation, resource: "*"})
	case "Query", "Scan":
		list = append(list, a.tablePermission(operation, in.TableName, in.IndexName))
	default:
		list = append(list, a.tablePermission(operation, in.TableName, ""))
	}
	return list, nil
}

func (a Authorizer) tablePermission(operation, nameOrARN, index string) permission {
	arn := nameOrARN
	if !strings.HasPrefix(arn, "arn:") {
		arn = a.arn("dynamodb", "table/"+nameOrARN)
	}
	if index != "" {
		arn += "/index/" + index
	}
	return permission{action: "dynamodb:" + operation, resource: arn}
}
