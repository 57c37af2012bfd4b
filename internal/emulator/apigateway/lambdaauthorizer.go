package apigateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/iam"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// Lambda authorizes requests with an authorizer function. The function receives events in payload
// format 2.0.
type Lambda struct {
	Function       string
	Simple         bool // the response is {"isAuthorized": …} instead of a policy
	IdentitySource []string
	CacheTTL       time.Duration // how long to cache the decision for an identity; 0 for no cache

	mu    sync.Mutex
	cache map[string]cachedDecision
}

type cachedDecision struct {
	decision
	expiry time.Time
}

// decision holds the response of the authorizer function.
type decision struct {
	IsAuthorized   *bool                      `json:"isAuthorized"`
	PrincipalID    *string                    `json:"principalId"`
	PolicyDocument *json.RawMessage           `json:"policyDocument"`
	Context        map[string]json.RawMessage `json:"context"`
}

func (l *Lambda) authorize(ctx context.Context, x *exchange, _ []byte) (map[string]any, error) {
	var identity []string
	for _, source := range l.IdentitySource {
		value, ok := x.identity(source)
		if !ok {
			return nil, unauthorized("the request has no " + source)
		}
		identity = append(identity, value)
	}
	d, err := l.decide(ctx, x, identity)
	if err != nil {
		return nil, err
	}
	allowed, err := l.allows(d, x.routeARN())
	if err != nil {
		return nil, err
	}
	if !allowed {
		return nil, forbidden("the authorizer function denies the request")
	}
	// API Gateway does not pass the decision's principalId to the function of the route.
	return map[string]any{"lambda": d.Context}, nil
}

// maxCached is the maximum number of cached decisions. decide clears the cache when it is full.
const maxCached = 10_000

// decide returns the cached decision for an identity. If there is none, it calls the authorizer
// function.
func (l *Lambda) decide(ctx context.Context, x *exchange, identity []string) (decision, error) {
	if l.CacheTTL == 0 {
		return l.invoke(ctx, x, identity)
	}
	key := fmt.Sprintf("%q", identity)
	l.mu.Lock()
	cached, ok := l.cache[key]
	l.mu.Unlock()
	if ok && x.start.Before(cached.expiry) {
		return cached.decision, nil
	}
	d, err := l.invoke(ctx, x, identity)
	if err != nil {
		return decision{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cache == nil || len(l.cache) >= maxCached {
		l.cache = map[string]cachedDecision{}
	}
	l.cache[key] = cachedDecision{d, x.start.Add(l.CacheTTL)}
	return d, nil
}

// authorizerEvent represents the payload for the authorizer function: the event without its body.
type authorizerEvent struct {
	Version        string   `json:"version"`
	Type           string   `json:"type"`
	RouteARN       string   `json:"routeArn"`
	IdentitySource []string `json:"identitySource"`
	event
	IsBase64Encoded *bool `json:"isBase64Encoded,omitempty"` // hides event.IsBase64Encoded
}

func (l *Lambda) invoke(ctx context.Context, x *exchange, identity []string) (decision, error) {
	payload, err := json.Marshal(authorizerEvent{
		Version: "2.0", Type: "REQUEST",
		RouteARN: x.routeARN(), IdentitySource: identity, event: x.event(nil),
	})
	if err != nil {
		return decision{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, authorizerTimeout)
	defer cancel()
	result, err := x.handler.api.Invoke(ctx, l.Function, payload)
	if err != nil {
		return decision{}, fmt.Errorf("invoke the authorizer function: %w", err)
	}
	if result.FunctionError != "" {
		return decision{}, fmt.Errorf("the authorizer function failed: %s", result.Payload)
	}
	var d decision
	if err := jsonv2.Unmarshal(result.Payload, &d); err != nil {
		return decision{}, fmt.Errorf("parse the authorizer function's response: %w", err)
	}
	return d, nil
}

func (l *Lambda) allows(d decision, arn string) (bool, error) {
	if l.Simple {
		if d.IsAuthorized == nil {
			return false, errors.New("the authorizer function's response must have isAuthorized")
		}
		return *d.IsAuthorized, nil
	}
	if d.PrincipalID == nil || d.PolicyDocument == nil {
		return false, errors.New("the authorizer function's response must have " +
			"principalId and policyDocument")
	}
	policy, err := iam.ParseIdentityPolicy(*d.PolicyDocument)
	if err != nil {
		return false, fmt.Errorf("read the policy in the authorizer function's response: %w", err)
	}
	if policy.HasConditions() {
		return false, errors.New("the policy in the authorizer function's response must not have " +
			"conditions: the emulator does not support them")
	}
	request := iam.Request{Action: "execute-api:Invoke", Resource: arn}
	return iam.Evaluate(request, []iam.Document{policy}, nil) == nil, nil
}

// routeARN returns the ARN of the requested route. An authorizer's policy names such ARNs in
// Resource.
func (x *exchange) routeARN() string {
	api, path := x.handler.api, x.stage.routePath(x.request.URL.Path)
	return protocol.ARN("execute-api", api.Region, api.Account, strings.Join([]string{
		api.ID, x.stage.Name, x.request.Method, strings.TrimPrefix(path, "/"),
	}, "/"))
}
