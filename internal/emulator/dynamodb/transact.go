package dynamodb

import (
	"errors"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// maxTransaction is DynamoDB's limit on the actions of a transaction.
const maxTransaction = 100

type transactWriteItemsInput struct {
	TransactItems []transactItem
}

// transactItem holds one action.
type transactItem struct {
	ConditionCheck, Delete, Put, Update *transactAction
}

type transactAction struct {
	written
	Item             attributes // of Put
	Key              attributes // of the others
	UpdateExpression *string    // of Update
}

type cancellationReason struct {
	Code    string
	Message string     `json:",omitempty"`
	Item    attributes `json:",omitzero"`
}

// transactWriteItems makes all changes or none. It takes no notice of ClientRequestToken: a repeated transaction is made
// again, if its conditions hold.
func (s *Service) transactWriteItems(in *transactWriteItemsInput) (*struct{}, error) {
	if len(in.TransactItems) == 0 || len(in.TransactItems) > maxTransaction {
		return nil, validationError("TransactWriteItems takes 1 to %d actions, got %d", maxTransaction, len(in.TransactItems))
	}
	var changes []*change
	names := map[string]bool{}
	for _, item := range in.TransactItems {
		c, err := item.change()
		if err != nil {
			return nil, err
		}
		changes = append(changes, c)
		names[c.table] = true
	}
	tables, unlock, err := s.lock(names)
	if err != nil {
		return nil, err
	}
	defer unlock()

	var plans []*plannedChange
	reasons := make([]cancellationReason, len(changes))
	canceled := false
	seen := map[location]bool{}
	for i, c := range changes {
		reasons[i].Code = "None"
		k, err := c.key(tables[c.table].definition)
		if err != nil {
			return nil, err
		}
		at := location{tables[c.table], k}
		if seen[at] {
			return nil, validationError("Transaction request cannot include multiple operations on one item")
		}
		seen[at] = true
		plan, err := c.plan(tables[c.table])
		var failure *protocol.Error
		switch {
		case errors.As(err, &failure):
			canceled = true
			reasons[i] = newCancellationReason(failure)
		case err != nil:
			return nil, err
		default:
			plans = append(plans, plan)
		}
	}
	if canceled {
		return nil, transactionCanceled(reasons)
	}
	for _, plan := range plans {
		if err := plan.commit(); err != nil {
			return nil, err
		}
	}
	return &struct{}{}, nil
}

func (t transactItem) change() (*change, error) {
	var action *transactAction
	for _, given := range []*transactAction{t.ConditionCheck, t.Delete, t.Put, t.Update} {
		if given == nil {
			continue
		}
		if action != nil {
			return nil, validationError("TransactItems can only contain one of Check, Put, Update or Delete")
		}
		action = given
	}
	if action == nil {
		return nil, validationError("TransactItems must contain one of Check, Put, Update or Delete")
	}
	bound, err := action.bind(expressionText{conditionExpression, action.ConditionExpression}, expressionText{updateExpression, action.UpdateExpression})
	if err != nil {
		return nil, err
	}
	var c *change
	switch {
	case t.Put != nil:
		c = newPut(action.TableName, Item(action.Item))
	case t.Delete != nil:
		c = newDelete(action.TableName, Item(action.Key))
	case t.Update != nil:
		c = newUpdate(action.TableName, Item(action.Key), bound[1], action.placeholders)
	default:
		c = newConditionCheck(action.TableName, Item(action.Key))
	}
	c.placeholders, c.condition = action.placeholders, bound[0]
	c.returnOldOnFailure = action.ReturnValuesOnConditionCheckFailure == "ALL_OLD"
	return c, nil
}

func newCancellationReason(failure *protocol.Error) cancellationReason {
	reason := cancellationReason{Code: failure.Code, Message: failure.Message}
	switch failure.Code {
	case "ConditionalCheckFailedException":
		reason.Code = "ConditionalCheckFailed"
		reason.Item, _ = failure.Fields["Item"].(attributes)
	case "ValidationException":
		reason.Code = "ValidationError"
	}
	return reason
}

func transactionCanceled(reasons []cancellationReason) error {
	var codes []string
	for _, reason := range reasons {
		codes = append(codes, reason.Code)
	}
	failure := protocol.Errorf("TransactionCanceledException",
		"Transaction cancelled, please refer cancellation reasons for specific reasons [%s]", strings.Join(codes, ", "))
	failure.Fields = map[string]any{"CancellationReasons": reasons}
	return failure
}
