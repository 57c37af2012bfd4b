package dynamodb

import "slices"

// written are the parameters that PutItem, UpdateItem and DeleteItem share.
type written struct {
	placeholders
	legacy
	TableName                           string
	ConditionExpression                 *string
	ReturnValues                        string
	ReturnValuesOnConditionCheckFailure string
}

// validate refuses what the operation does not take.
func (w *written) check(returnValues ...string) error {
	if w.ReturnValues != "" && w.ReturnValues != "NONE" && !slices.Contains(returnValues, w.ReturnValues) {
		return validationError("ReturnValues can only be NONE or one of %v, got %s", returnValues, w.ReturnValues)
	}
	return w.legacy.check()
}

// writeItem completes the change by the condition and makes it.
func (s *Service) writeItem(c *change, in *written, condition *expression) (*writeOutput, error) {
	c.placeholders, c.condition = in.placeholders, condition
	c.returnOldOnFailure = in.ReturnValuesOnConditionCheckFailure == "ALL_OLD"
	done, err := s.write(c)
	if err != nil {
		return nil, err
	}
	return &writeOutput{done.returnValues(in.ReturnValues)}, nil
}

type writeOutput struct {
	Attributes attributes `json:",omitzero"`
}

type putItemInput struct {
	written
	Item attributes
}

func (s *Service) putItem(in *putItemInput) (*writeOutput, error) {
	if err := in.check("ALL_OLD"); err != nil {
		return nil, err
	}
	bound, err := in.bind(expressionText{conditionExpression, in.ConditionExpression})
	if err != nil {
		return nil, err
	}
	return s.writeItem(newPut(in.TableName, Item(in.Item)), &in.written, bound[0])
}

type deleteItemInput struct {
	written
	Key attributes
}

func (s *Service) deleteItem(in *deleteItemInput) (*writeOutput, error) {
	if err := in.check("ALL_OLD"); err != nil {
		return nil, err
	}
	bound, err := in.bind(expressionText{conditionExpression, in.ConditionExpression})
	if err != nil {
		return nil, err
	}
	return s.writeItem(newDelete(in.TableName, Item(in.Key)), &in.written, bound[0])
}

type updateItemInput struct {
	written
	Key              attributes
	UpdateExpression *string
}

func (s *Service) updateItem(in *updateItemInput) (*writeOutput, error) {
	if err := in.check("ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW"); err != nil {
		return nil, err
	}
	bound, err := in.bind(expressionText{conditionExpression, in.ConditionExpression}, expressionText{updateExpression, in.UpdateExpression})
	if err != nil {
		return nil, err
	}
	return s.writeItem(newUpdate(in.TableName, Item(in.Key), bound[1], in.placeholders), &in.written, bound[0])
}

type getItemInput struct {
	placeholders
	legacy
	TableName            string
	Key                  attributes
	ProjectionExpression *string
}

type getItemOutput struct {
	Item attributes `json:",omitzero"`
}

func (s *Service) getItem(in *getItemInput) (*getItemOutput, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	items, err := s.getItems(in.TableName, in.placeholders, in.ProjectionExpression, in.Key)
	if err != nil || len(items) == 0 {
		return &getItemOutput{}, err
	}
	return &getItemOutput{items[0]}, nil
}

// getItems returns the projected items of those keys that exist.
func (s *Service) getItems(tableName string, p placeholders, projection *string, keys ...attributes) ([]attributes, error) {
	t, err := s.table(tableName)
	if err != nil {
		return nil, err
	}
	bound, err := p.bind(expressionText{projectionExpression, projection})
	if err != nil {
		return nil, err
	}
	project, err := p.projection(bound[0])
	if err != nil {
		return nil, err
	}
	items := []attributes{}
	seen := map[key]bool{}
	for _, asked := range keys {
		k, err := t.definition.keyFromRequest(Item(asked))
		if err != nil {
			return nil, err
		}
		if seen[k] {
			return nil, validationError("Provided list of item keys contains duplicates")
		}
		seen[k] = true
		if item := t.get(k); item != nil {
			items = append(items, attributes(project(item)))
		}
	}
	return items, nil
}
