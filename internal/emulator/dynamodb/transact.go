package dynamodb

import (
	"errors"
	"fmt"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// maxTransaction limits the number of actions in a transaction, as in DynamoDB.
const maxTransaction = 100

type transactWriteItemsInput struct {
	TransactItems      transactItems
	ClientRequestToken *string
}

// transactItems holds the actions of a transaction, and the hash that identifies these actions.
type transactItems struct {
	actions []transactItem
	hash    requestHash
}

func (t *transactItems) UnmarshalJSON(data []byte) (err error) {
	if err := protocol.Decode(data, &t.actions); err != nil {
		return err
	}
	t.hash, err = hashRequest(data)
	return err
}

// transactItem holds one action of a transaction. Exactly one field must be set.
type transactItem struct {
	ConditionCheck, Delete, Put, Update *writeInput
}

type cancellationReason struct {
	Code    string
	Message string     `json:",omitempty"`
	Item    attributes `json:",omitzero"`
}

// transactWriteItems applies all changes or none. If a transaction with the same ClientRequestToken
// is already committed, it does nothing.
func (s *Service) transactWriteItems(in *transactWriteItemsInput) (*struct{}, error) {
	if err := validateToken(in.ClientRequestToken); err != nil {
		return nil, err
	}
	if n := len(in.TransactItems.actions); n == 0 || n > maxTransaction {
		return nil, validationError("TransactWriteItems must have 1 to %d actions, got %d",
			maxTransaction, n)
	}
	var changes []*change
	for i, item := range in.TransactItems.actions {
		c, err := item.change(fmt.Sprintf("transactItems.%d.member.", i+1))
		if err != nil {
			return nil, err
		}
		changes = append(changes, c)
	}
	token, now := in.ClientRequestToken, s.config.Now()
	if token != nil {
		committed, err := s.tokens.isCommitted(*token, in.TransactItems.hash, now)
		if committed || err != nil {
			return &struct{}{}, err
		}
	}
	plans, err := s.planTransaction(changes)
	if err != nil {
		return nil, err
	}
	if err := commit(plans...); err != nil {
		return nil, err
	}
	if token != nil {
		s.tokens.add(*token, in.TransactItems.hash, now)
	}
	return &struct{}{}, nil
}

// planTransaction plans the changes. If a condition is false or an update is invalid, it returns an
// error with a cancellation reason for each change.
func (s *Service) planTransaction(changes []*change) (plans []*plannedChange, err error) {
	reasons := make([]cancellationReason, len(changes))
	canceled := false
	seen := map[location]bool{}
	for i, c := range changes {
		reasons[i].Code = "None"
		at, err := s.locate(c)
		if err != nil {
			return nil, err
		}
		if seen[at] {
			return nil, validationError(
				"Transaction request cannot include multiple operations on one item")
		}
		seen[at] = true
		plan, err := c.plan(at)
		failure, failed := errors.AsType[*protocol.Error](err)
		switch {
		case failed:
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
	return plans, nil
}

// change returns the change of the action. path is the path of the action in the request.
func (t transactItem) change(path string) (*change, error) {
	var in *writeInput
	for _, action := range []*writeInput{t.ConditionCheck, t.Delete, t.Put, t.Update} {
		if action == nil {
			continue
		}
		if in != nil {
			return nil, validationError(
				"TransactItems can only contain one of Check, Put, Update or Delete")
		}
		in = action
	}
	if in == nil {
		return nil, validationError(
			"TransactItems must contain one of Check, Put, Update or Delete")
	}
	var c *change
	switch in {
	case t.Put:
		path += "put."
		c = newPut(in.TableName, in.Item)
	case t.Delete:
		path += "delete."
		c = newDelete(in.TableName, in.Key)
	case t.Update:
		path += "update."
		c = newUpdate(in.TableName, in.Key)
		c.required = append(c.required, member{"updateExpression", in.UpdateExpression != nil})
	default:
		path += "conditionCheck."
		c = newConditionCheck(in.TableName, in.Key)
		c.required = append(c.required,
			member{"conditionExpression", in.ConditionExpression != nil})
	}
	if err := checkRequired(path, c.required...); err != nil {
		return nil, err
	}
	return c, c.bind(in)
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
	failure := protocol.Errorf("TransactionCanceledException", "Transaction cancelled, please "+
		"refer cancellation reasons for specific reasons [%s]", strings.Join(codes, ", "))
	failure.Fields = map[string]any{"CancellationReasons": reasons}
	return failure
}
