package apigateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// Lambda asks a function about each request, in payload format 2.0.
type Lambda struct {
	Function       string
	Simple         bool // it answers {"isAuthorized": …}; else with a policy
	IdentitySource []string
	CacheTTL       time.Duration // how long an answer holds for the same identity source; 0 is not at all

	mu    sync.Mutex
	cache map[string]cached
}

type cached struct {
	verdict
	until time.Time
}

// verdict is what the function answered.
type verdict struct {
	IsAuthorized   *bool                      `json:"isAuthorized"`
	PrincipalID    *string                    `json:"principalId"`
	PolicyDocument *policyDocument            `json:"policyDocument"`
	Context        map[string]json.RawMessage `json:"context"`
}

func (l *Lambda) authorize(ctx context.Context, x *exchange, _ []byte) (map[string]any, error) {
	var identity []string
	for _, source := range l.IdentitySource {
		value, ok := x.identity(source)
		if !ok {
			return nil, unauthorized("the request lacks an identity source")
		}
		identity = append(identity, value)
	}
	v, err := l.ask(ctx, x, identity)
	if err != nil {
		return nil, err
	}
	allowed, err := l.allows(v, x.routeARN())
	if err != nil {
		return nil, err
	}
	if !allowed {
		return nil, forbidden("the authorizer function does not let the request in")
	}
	// A policy's principalId stays with API Gateway: only the context is handed on.
	return map[string]any{"lambda": v.Context}, nil
}

// maxCached bounds the answers that are kept; beyond it all are forgotten.
const maxCached = 10_000

// ask returns the function's answer, or the one that it gave not long ago.
func (l *Lambda) ask(ctx context.Context, x *exchange, identity []string) (verdict, error) {
	if l.CacheTTL == 0 {
		return l.invoke(ctx, x, identity)
	}
	key := fmt.Sprintf("%q", identity)
	l.mu.Lock()
	kept, ok := l.cache[key]
	l.mu.Unlock()
	if ok && x.start.Before(kept.until) {
		return kept.verdict, nil
	}
	v, err := l.invoke(ctx, x, identity)
	if err != nil {
		return verdict{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cache == nil || len(l.cache) >= maxCached {
		l.cache = map[string]cached{}
	}
	l.cache[key] = cached{v, x.start.Add(l.CacheTTL)}
	return v, nil
}

// authorizerEvent is what the function gets: the request's event without the body.
type authorizerEvent struct {
	Version        string   `json:"version"`
	Type           string   `json:"type"`
	RouteARN       string   `json:"routeArn"`
	IdentitySource []string `json:"identitySource"`
	event
	IsBase64Encoded *bool `json:"isBase64Encoded,omitempty"` // in place of the event's
}

func (l *Lambda) invoke(ctx context.Context, x *exchange, identity []string) (verdict, error) {
	payload, err := json.Marshal(authorizerEvent{
		Version: "2.0", Type: "REQUEST", RouteARN: x.routeARN(), IdentitySource: identity, event: x.event(nil),
	})
	if err != nil {
		return verdict{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	result, err := x.handler.api.Invoke(ctx, l.Function, payload)
	if err != nil {
		return verdict{}, fmt.Errorf("ask the authorizer function: %w", err)
	}
	if result.FunctionError != "" {
		return verdict{}, fmt.Errorf("the authorizer function failed: %s", result.Payload)
	}
	var v verdict
	if err := json.Unmarshal(result.Payload, &v); err != nil {
		return verdict{}, errors.New("the authorizer function's answer is malformed")
	}
	return v, nil
}

func (l *Lambda) allows(v verdict, arn string) (bool, error) {
	if l.Simple {
		if v.IsAuthorized == nil {
			return false, errors.New("the authorizer function's answer has no isAuthorized")
		}
		return *v.IsAuthorized, nil
	}
	if v.PrincipalID == nil || v.PolicyDocument == nil {
		return false, errors.New("the authorizer function's answer has no principalId or no policyDocument")
	}
	return v.PolicyDocument.allows(arn)
}

// routeARN names what the request is for, as policies do.
func (x *exchange) routeARN() string {
	api := x.handler.api
	return fmt.Sprintf("arn:aws:execute-api:%s:%s:%s/%s/%s/%s",
		api.Region, api.Account, api.ID, stage, x.request.Method, strings.TrimPrefix(x.request.URL.Path, "/"))
}
