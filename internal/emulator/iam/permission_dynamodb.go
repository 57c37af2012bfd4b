package iam

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// dynamodbInput is what the operations' inputs say of their tables.
type dynamodbInput struct {
	TableName     string
	IndexName     string
	RequestItems  map[string]json.RawMessage
	TransactItems []map[string]struct{ TableName string }
}

// transactActions are the actions of a transaction's parts.
var transactActions = map[string]string{
	"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem", "Get": "GetItem",
}

func (p location) dynamodbPermissions(operation string, body []byte) ([]permission, error) {
	var in dynamodbInput
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	switch {
	case in.TransactItems != nil:
		var list []permission
		for _, item := range in.TransactItems {
			for part, of := range item {
				action, ok := transactActions[part]
				if !ok {
					return nil, fmt.Errorf("a transaction has no part %s", part)
				}
				list = append(list, p.tablePermission(action, of.TableName, ""))
			}
		}
		return list, nil
	case in.RequestItems != nil:
		var list []permission
		for _, table := range slices.Sorted(maps.Keys(in.RequestItems)) {
			list = append(list, p.tablePermission(operation, table, ""))
		}
		return list, nil
	case in.TableName == "": // of lists
		return []permission{{action: "dynamodb:" + operation, resource: "*"}}, nil
	}
	return []permission{p.tablePermission(operation, in.TableName, in.IndexName)}, nil
}

func (p location) tablePermission(operation, nameOrARN, index string) permission {
	arn := nameOrARN
	if !strings.HasPrefix(arn, "arn:") {
		arn = p.arn("dynamodb", "table/"+nameOrARN)
	}
	if index != "" {
		arn += "/index/" + index
	}
	return permission{action: "dynamodb:" + operation, resource: arn}
}
