package dynamodb

import (
	"encoding/json"
	"slices"
)

// writeInput holds the parameters of PutItem, UpdateItem, DeleteItem and transaction actions.
type writeInput struct {
	placeholders
	legacyParameters
	TableName                           string
	Item                                attributes // only for puts
	Key                                 attributes // for all writes except puts
	UpdateExpression                    *string    // only for updates
	ConditionExpression                 *string
	ReturnValues                        string
	ReturnValuesOnConditionCheckFailure string
}

type writeOutput struct {
	Attributes attributes `json:",omitzero"`
}

func (s *Service) putItem(in *writeInput) (*writeOutput, error) {
	return s.writeItem(in, newPut(in.TableName, in.Item), "ALL_OLD")
}

func (s *Service) deleteItem(in *writeInput) (*writeOutput, error) {
	return s.writeItem(in, newDelete(in.TableName, in.Key), "ALL_OLD")
}

func (s *Service) updateItem(in *writeInput) (*writeOutput, error) {
	return s.writeItem(in, newUpdate(in.TableName, in.Key),
		"ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW")
}

// writeItem validates the request and applies the change. The request's ReturnValues must be NONE
// or one of returnValues.
func (s *Service) writeItem(
	in *writeInput, c *change, returnValues ...string,
) (*writeOutput, error) {
	if err := checkRequired("", c.required...); err != nil {
		return nil, err
	}
	if v := in.ReturnValues; v != "" && v != "NONE" && !slices.Contains(returnValues, v) {
		return nil, validationError("ReturnValues can only be NONE or one of %v, got %s",
			returnValues, v)
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	if err := c.bind(in); err != nil {
		return nil, err
	}
	at, err := s.locate(c)
	if err != nil {
		return nil, err
	}
	plan, err := c.plan(at)
	if err != nil {
		return nil, err
	}
	return &writeOutput{plan.returnValues(in.ReturnValues)}, commit(plan)
}

// projectionInput holds the parameters that GetItem shares with BatchGetItem. BatchGetItem has them
// once for each table.
type projectionInput struct {
	placeholders
	legacyParameters
	ProjectionExpression *string
}

type getItemInput struct {
	projectionInput
	TableName string
	Key       attributes
}

type getItemOutput struct {
	Item json.RawMessage `json:",omitempty"`
}

func (s *Service) getItem(in *getItemInput) (*getItemOutput, error) {
	if err := checkRequired("", requiredKey(in.TableName, Item(in.Key))...); err != nil {
		return nil, err
	}
	items, err := s.getItems(in.TableName, in.projectionInput, in.Key)
	if err != nil || len(items) == 0 {
		return &getItemOutput{}, err
	}
	return &getItemOutput{items[0]}, nil
}

// getItems reads the items with these keys and returns their projections, each as JSON. It ignores
// keys without an item.
func (s *Service) getItems(
	tableName string, in projectionInput, keys ...attributes,
) ([]json.RawMessage, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	t, err := s.table(tableName)
	if err != nil {
		return nil, err
	}
	bound, err := in.bind(expressionText{projectionExpression, in.ProjectionExpression})
	if err != nil {
		return nil, err
	}
	project, err := in.projection(bound[0])
	if err != nil {
		return nil, err
	}
	items := []json.RawMessage{}
	seen := map[key]bool{}
	for _, requested := range keys {
		k, err := t.keyFromRequest(requested)
		if err != nil {
			return nil, err
		}
		if seen[k] {
			return nil, validationError("Provided list of item keys contains duplicates")
		}
		seen[k] = true
		e, ok := t.find(k)
		if !ok {
			continue
		}
		if bound[0] == nil { // the whole item, as it is stored
			data, err := t.readJSON(e)
			if err != nil {
				return nil, err
			}
			items = append(items, data)
			continue
		}
		item, err := t.read(e)
		if err != nil {
			return nil, err
		}
		items = append(items, appendItem(nil, project(item)))
	}
	return items, nil
}
