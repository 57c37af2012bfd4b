package handler

import "strings"

// authorizer is what API Gateway says of an authorized request; it is empty where the API is open.
type authorizer struct {
	IAM struct {
		UserARN string `json:"userArn"`
	} `json:"iam"`
	JWT struct {
		Claims struct {
			Issuer  string `json:"iss"`
			Subject string `json:"sub"`
		} `json:"claims"`
	} `json:"jwt"`
}

// caller names who sent a request, the same for each of their requests; "" is anybody, where the API is open. Nothing
// that a client writes into the request itself has a part in it.
func (a authorizer) caller() string {
	switch {
	case a.IAM.UserARN != "":
		return "iam " + withoutSession(a.IAM.UserARN)
	case a.JWT.Claims.Subject != "":
		return "jwt " + a.JWT.Claims.Issuer + " " + a.JWT.Claims.Subject
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
