package handler

import (
	"encoding/json"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// authorizer holds API Gateway's result of the authorization. It is empty if the API is open. A
// client can't set it by anything in its request.
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

// claims holds claims by their exact names. A struct would also match names such as SUB and ſub,
// which a caller may be able to choose.
type claims map[string]json.RawMessage

// stringClaim returns a claim that is a string, or "".
func (c claims) stringClaim(name string) string {
	var value *validString
	if json.Unmarshal(c[name], &value) != nil || value == nil {
		return ""
	}
	return string(*value)
}

// stringOrNumber returns a claim that is a string or a number, or "".
func (c claims) stringOrNumber(name string) string {
	value := c[name]
	var number *json.Number
	isNumber := len(value) > 0 && value[0] != '"' && json.Unmarshal(value, &number) == nil
	if isNumber && number != nil {
		return number.String()
	}
	return c.stringClaim(name)
}

// caller returns the same name for all requests of a caller. It is "" if the API is open, and for a
// direct invocation. Otherwise the authorizer must identify the caller.
func (a API) caller(req request) (string, error) {
	name := req.RequestContext.Authorizer.callerName()
	if name == "" && req.RequestContext.HTTP.Method != "" && !a.Open {
		return "", pipeline.Errorf(pipeline.CallerUnknown,
			"The API's authorizer did not identify the caller. A JWT must contain sub or "+
				"client_id, and a Lambda authorizer's context must contain sub or principalId.")
	}
	return name, nil
}

// callerName starts with the kind of authorizer, so that names of different kinds never collide.
func (a authorizer) callerName() string {
	issuer := a.JWT.Claims.stringClaim("iss")
	subject, clientID := a.JWT.Claims.stringClaim("sub"), a.JWT.Claims.stringClaim("client_id")
	switch {
	case a.IAM.CognitoIdentity.IdentityID != "": // all users of an identity pool share one role
		return "cognito " + a.IAM.CognitoIdentity.IdentityID
	case a.IAM.UserARN != "":
		return "iam " + withoutSession(a.IAM.UserARN)
	case subject != "":
		return "jwt " + issuer + " " + subject
	case clientID != "": // some issuers give the token of a machine no subject
		return "jwt-client " + issuer + " " + clientID
	}
	for _, name := range []string{"sub", "principalId"} {
		if id := a.Lambda.stringOrNumber(name); id != "" {
			return "lambda " + id
		}
	}
	return ""
}

// withoutSession removes the session name from an assumed role's ARN, because a client that
// restarts gets a new session.
func withoutSession(arn string) string {
	session := strings.LastIndex(arn, "/")
	if session > 0 && strings.Contains(arn, ":assumed-role/") {
		return arn[:session]
	}
	return arn
}
