package handler

import (
	"encoding/json"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// authorizer is what API Gateway says of an authorized request; it is empty where the API is open. Nothing that a client
// writes into the request itself has a part in it.
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
	// Lambda is the context that the user's own authorizer returned.
	Lambda claims `json:"lambda"`
}

// claims are what is said of a caller. Whoever is let in may have chosen names and values of some, so that a name counts
// as it is written alone: a struct's fields would take SUB and ſub for sub.
type claims map[string]json.RawMessage

// text is a claim that is a text; anything else names nobody.
func (c claims) text(name string) string {
	var text *wholeText
	if json.Unmarshal(c[name], &text) != nil || text == nil {
		return ""
	}
	return string(*text)
}

// textOrNumber is a claim that is either.
func (c claims) textOrNumber(name string) string {
	var number *json.Number
	if value := c[name]; len(value) > 0 && value[0] != '"' && json.Unmarshal(value, &number) == nil && number != nil {
		return number.String()
	}
	return c.text(name)
}

// caller names who sent a request, the same for each of their requests. "" is nobody in particular: anybody, where the API
// is open, or whoever may invoke the function itself. A request that came by a closed API must say.
func (a API) caller(req request) (string, error) {
	name, byAPI := req.RequestContext.Authorizer.name(), req.RequestContext.HTTP.Method != ""
	if name == "" && byAPI && !a.Open {
		return "", pipeline.Errorf(pipeline.CallerUnknown,
			"The API's authorizer does not say who sent this request: a JWT needs a sub, a Lambda authorizer's context a sub or principalId.")
	}
	return name, nil
}

// name is the caller's, and begins with the kind of authorizer: what one says is never taken for what another says.
func (a authorizer) name() string {
	issuer := a.JWT.Claims.text("iss")
	subject, clientID := a.JWT.Claims.text("sub"), a.JWT.Claims.text("client_id")
	switch {
	case a.IAM.CognitoIdentity.IdentityID != "": // the role is shared by a whole pool
		return "cognito " + a.IAM.CognitoIdentity.IdentityID
	case a.IAM.UserARN != "":
		return "iam " + withoutSession(a.IAM.UserARN)
	case subject != "":
		return "jwt " + issuer + " " + subject
	case clientID != "": // a machine's token, by issuers that give those no subject
		return "jwt-client " + issuer + " " + clientID
	}
	for _, name := range []string{"sub", "principalId"} {
		if id := a.Lambda.textOrNumber(name); id != "" {
			return "lambda " + id
		}
	}
	return ""
}

// withoutSession cuts the session's name off an assumed role's ARN: a client that starts again has a new one.
func withoutSession(arn string) string {
	if session := strings.LastIndex(arn, "/"); session > 0 && strings.Contains(arn, ":assumed-role/") {
		return arn[:session]
	}
	return arn
}
