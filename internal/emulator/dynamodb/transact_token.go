package dynamodb

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// tokenLifetime limits how long a ClientRequestToken is valid, as in DynamoDB.
const tokenLifetime = 10 * time.Minute

// maxToken limits the length of a ClientRequestToken, as in DynamoDB.
const maxToken = 36

// requestTokens remembers the tokens of committed transactions for tokenLifetime. A restart of the
// service deletes them. A client can repeat a transaction with the same token, for example after a
// timeout.
type requestTokens struct {
	requests map[string]requestHash // by token
	order    []usedToken            // oldest first
}

type usedToken struct {
	token string
	used  time.Time
}

// requestHash identifies the actions of a transaction.
type requestHash [sha256.Size]byte

// hashRequest returns the hash of the actions. It ignores white space and the order of JSON names,
// because clients can encode a repeated request differently.
func hashRequest(actions json.RawMessage) (requestHash, error) {
	decoder := json.NewDecoder(bytes.NewReader(actions))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return requestHash{}, err
	}
	sorted, err := json.Marshal(value)
	return sha256.Sum256(sorted), err
}

func validateToken(token *string) error {
	if token == nil || len(*token) >= 1 && len(*token) <= maxToken {
		return nil
	}
	return validationError("1 validation error detected: Value '%s' at 'clientRequestToken' "+
		"failed to satisfy constraint: Member must have length between 1 and %d", *token, maxToken)
}

// isCommitted reports whether a transaction with this token is already committed. It returns an
// error if that transaction has other actions.
func (t *requestTokens) isCommitted(
	token string, request requestHash, now time.Time,
) (bool, error) {
	t.expire(now)
	earlier, ok := t.requests[token]
	if ok && earlier != request {
		return false, protocol.Errorf("IdempotentParameterMismatchException", "The request uses "+
			"the same client token as a previous, but non-identical request. Do not reuse a "+
			"client token with different requests, unless the requests are identical")
	}
	return ok, nil
}

func (t *requestTokens) add(token string, request requestHash, now time.Time) {
	if t.requests == nil {
		t.requests = map[string]requestHash{}
	}
	t.requests[token] = request
	t.order = append(t.order, usedToken{token, now})
}

// expire forgets the tokens that were used at least tokenLifetime ago.
func (t *requestTokens) expire(now time.Time) {
	for len(t.order) > 0 && now.Sub(t.order[0].used) >= tokenLifetime {
		delete(t.requests, t.order[0].token)
		t.order = t.order[1:]
	}
}
