package handler

import (
	"encoding/json"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/pipeline"
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
		Claims struct {
			Issuer   string `json:"iss"`
			Subject  string `json:"sub"`
			ClientID string `json:"client_id"`
		} `json:"claims"`
	} `json:"jwt"`
	// Lambda is the context that the user's own authorizer returned.
	Lambda struct {
		Subject     identity `json:"sub"`
		PrincipalID identity `json:"principalId"`
	} `json:"lambda"`
}

// identity is a text or a number; anything else names nobody.
type identity string

func (i *identity) UnmarshalJSON(data []byte) error {
	var text string
	var number json.Number
	switch {
	case json.Unmarshal(data, &text) == nil:
		*i = identity(text)
	case json.Unmarshal(data, &number) == nil:
		*i = identity(number)
	}
	return nil
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
	claims := a.JWT.Claims
	switch {
	case a.IAM.CognitoIdentity.IdentityID != "": // the role is shared by a whole pool
		return "cognito " + a.IAM.CognitoIdentity.IdentityID
	case a.IAM.UserARN != "":
		return "iam " + withoutSession(a.IAM.UserARN)
	case claims.Subject != "":
		return "jwt " + claims.Issuer + " " + claims.Subject
	case claims.ClientID != "": // a machine's token, by issuers that give those no subject
		return "jwt-client " + claims.Issuer + " " + claims.ClientID
	case a.Lambda.Subject != "":
		return "lambda " + string(a.Lambda.Subject)
	case a.Lambda.PrincipalID != "":
		return "lambda " + string(a.Lambda.PrincipalID)
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
