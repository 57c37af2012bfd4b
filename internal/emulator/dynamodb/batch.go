package dynamodb

import "encoding/json"

// DynamoDB's quotas on the number of keys or writes in a batch.
const (
	maxBatchGet   = 100
	maxBatchWrite = 25
)

type batchGetItemInput struct {
	RequestItems map[string]struct {
		projectionInput
		Keys []attributes
	}
}

type batchGetItemOutput struct {
	Responses       map[string][]json.RawMessage
	UnprocessedKeys struct{}
}

func (s *Service) batchGetItem(in *batchGetItemInput) (*batchGetItemOutput, error) {
	total := 0
	for name, request := range in.RequestItems {
		if len(request.Keys) == 0 {
			return nil, validationError("BatchGetItem must have at least one key for each table, "+
				"got none for table %s", name)
		}
		total += len(request.Keys)
	}
	if total == 0 || total > maxBatchGet {
		return nil, validationError("BatchGetItem must have 1 to %d keys, got %d",
			maxBatchGet, total)
	}
	out := &batchGetItemOutput{Responses: map[string][]json.RawMessage{}}
	for name, request := range in.RequestItems {
		items, err := s.getItems(name, request.projectionInput, request.Keys...)
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

// batchWriteItem applies the writes of a batch. If one write is invalid, it applies none.
func (s *Service) batchWriteItem(in *batchWriteItemInput) (*batchWriteItemOutput, error) {
	var changes []*change
	for name, requests := range in.RequestItems {
		if len(requests) == 0 {
			return nil, validationError("BatchWriteItem must have at least one request for each "+
				"table, got none for table %s", name)
		}
		for _, request := range requests {
			put, remove := request.PutRequest, request.DeleteRequest
			switch {
			case put != nil && remove == nil:
				changes = append(changes, newPut(name, put.Item))
			case remove != nil && put == nil:
				changes = append(changes, newDelete(name, remove.Key))
			default:
				return nil, validationError("Supplied AttributeValue has more than one datatypes " +
					"set, must contain exactly one of PutRequest and DeleteRequest")
			}
		}
	}
	if len(changes) == 0 || len(changes) > maxBatchWrite {
		return nil, validationError("BatchWriteItem must have 1 to %d requests, got %d",
			maxBatchWrite, len(changes))
	}
	for _, c := range changes {
		if err := checkRequired("requestItems."+c.table+".", c.required...); err != nil {
			return nil, err
		}
	}
	var plans []*plannedChange
	seen := map[location]bool{}
	for _, c := range changes {
		at, err := s.locate(c)
		if err != nil {
			return nil, err
		}
		if seen[at] {
			return nil, validationError("Provided list of item keys contains duplicates")
		}
		seen[at] = true
		plan, err := c.plan(at)
		if err != nil {
			return nil, err
		}
		plans = append(plans, plan)
	}
	return &batchWriteItemOutput{}, commit(plans...)
}
