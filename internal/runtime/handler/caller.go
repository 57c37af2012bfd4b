package handler

import (
	"encoding/json"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// authorizer holds the result of the authorization by API Gateway. It is empty if the API has no
// authorizer. A client's request can't set it.
type authorizer struct {
	IAM struct {
		UserARN         string `json:"userArn"`
		CognitoIdentity struct {
			IdentityID string `json:"identityId"`
		} `json:"cognitoIdentity"`
	} `json:"iam"`
	JWT struct {
		Claims claims `json:"claims"`
	} `json:"jwt"`
	// Lambda holds the context that a Lambda authorizer returned.
	Lambda claims `json:"lambda"`
}

// claims maps the name of each claim to its value, which can have any JSON type. Names are
// case-sensitive, so that a caller's claim SUB can't replace the claim sub.
type claims map[string]json.RawMessage

// stringClaim returns the claim if it is a string, and otherwise "".
func (c claims) stringClaim(name string) string {
	var value *validString
	if json.Unmarshal(c[name], &value) != nil || value == nil {
		return ""
	}
	return string(*value)
}

// stringOrNumber returns the claim if it is a string or a number, and otherwise "".
func (c claims) stringOrNumber(name string) string {
	value := c[name]
	var number *json.Number
	isNumber := len(value) > 0 && value[0] != '"' && json.Unmarshal(value, &number) == nil
	if isNumber && number != nil {
		return number.String()
	}
	return c.stringClaim(name)
}

// caller returns the name of the request's caller. The name is "" for a direct invocation, and for
// an API without an authorizer. Otherwise, a request without a caller is an error.
func (a API) caller(req request) (string, error) {
	name := req.RequestContext.Authorizer.callerName()
	if name == "" && req.RequestContext.HTTP.Method != "" && !a.OpenToAnyone {
		return "", pipeline.Errorf(pipeline.CallerUnknown,
			"The API's authorizer did not identify the caller. A JWT must contain sub or "+
				"client_id, and a Lambda authorizer's context must contain sub or principalId.")
	}
	return name, nil
}

// callerName returns the name of the caller, or "". The name starts with the kind of authorizer.
// Names from different kinds of authorizers therefore never collide.
func (a authorizer) callerName() string {
	issuer := a.JWT.Claims.stringClaim("iss")
	subject, clientID := a.JWT.Claims.stringClaim("sub"), a.JWT.Claims.stringClaim("client_id")
	switch {
	case a.IAM.CognitoIdentity.IdentityID != "": // the users of an identity pool share a role
		return "cognito " + a.IAM.CognitoIdentity.IdentityID
	case a.IAM.UserARN != "":
		return "iam " + withoutSession(a.IAM.UserARN)
	case subject != "":
		return "jwt " + issuer + " " + subject
	case clientID != "": // some tokens of machines have no subject
		return "jwt-client " + issuer + " " + clientID
	}
	for _, name := range []string{"sub", "principalId"} {
		if id := a.Lambda.stringOrNumber(name); id != "" {
			return "lambda " + id
		}
	}
	return ""
}

// withoutSession removes the session name from the ARN of an assumed role. A client that restarts
// gets a new session, but is still the same caller.
func withoutSession(arn string) string {
	session := strings.LastIndex(arn, "/")
	if session > 0 && strings.Contains(arn, ":assumed-role/") {
		return arn[:session]
	}
	return arn
}
