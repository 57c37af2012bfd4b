package dynamodb

// DynamoDB's limits on batches.
const (
	maxBatchGet   = 100
	maxBatchWrite = 25
)

type batchGetItemInput struct {
	RequestItems map[string]struct {
		placeholders
		legacy
		Keys                 []attributes
		ProjectionExpression *string
	}
}

type batchGetItemOutput struct {
	Responses       map[string][]attributes
	UnprocessedKeys struct{}
}

func (s *Service) batchGetItem(in *batchGetItemInput) (*batchGetItemOutput, error) {
	total := 0
	for _, asked := range in.RequestItems {
		total += len(asked.Keys)
		if err := asked.check(); err != nil {
			return nil, err
		}
	}
	if total == 0 || total > maxBatchGet {
		return nil, validationError("BatchGetItem takes 1 to %d keys, got %d", maxBatchGet, total)
	}
	out := &batchGetItemOutput{Responses: map[string][]attributes{}}
	for name, asked := range in.RequestItems {
		items, err := s.getItems(name, asked.placeholders, asked.ProjectionExpression, asked.Keys...)
		if err != nil {
			return nil, err
		}
		out.Responses[name] = items
	}
	return out, nil
}

type batchWriteItemInput struct {
	RequestItems map[string][]struct {
		PutRequest    *struct{ Item attributes }
		DeleteRequest *struct{ Key attributes }
	}
}

type batchWriteItemOutput struct {
	UnprocessedItems struct{}
}

// batchWriteItem checks all writes before it makes the first. The batch is no transaction: readers may see a part of it.
func (s *Service) batchWriteItem(in *batchWriteItemInput) (*batchWriteItemOutput, error) {
	var changes []*change
	names := map[string]bool{}
	for name, requests := range in.RequestItems {
		names[name] = true
		for _, request := range requests {
			switch {
			case request.PutRequest != nil && request.DeleteRequest == nil:
				changes = append(changes, newPut(name, Item(request.PutRequest.Item)))
			case request.DeleteRequest != nil && request.PutRequest == nil:
				changes = append(changes, newDelete(name, Item(request.DeleteRequest.Key)))
			default:
				return nil, validationError("Supplied AttributeValue has more than one datatypes set, must contain exactly one of PutRequest and DeleteRequest")
			}
		}
	}
	if len(changes) == 0 || len(changes) > maxBatchWrite {
		return nil, validationError("BatchWriteItem takes 1 to %d requests, got %d", maxBatchWrite, len(changes))
	}
	tables, unlock, err := s.lock(names)
	if err != nil {
		return nil, err
	}
	defer unlock()
	var plans []*plannedChange
	seen := map[location]bool{}
	for _, c := range changes {
		plan, err := c.plan(tables[c.table])
		if err != nil {
			return nil, err
		}
		if at := plan.location(); seen[at] {
			return nil, validationError("Provided list of item keys contains duplicates")
		}
		seen[plan.location()] = true
		plans = append(plans, plan)
	}
	for _, plan := range plans {
		if err := plan.commit(); err != nil {
			return nil, err
		}
	}
	return &batchWriteItemOutput{}, nil
}

// location is an item's place among all tables.
type location struct {
	table *table
	key   key
}

func (p *plannedChange) location() location { return location{p.table, p.key} }
