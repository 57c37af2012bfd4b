package iam

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// Principal identifies who makes a request: a role session, a user or an AWS service.
type Principal struct {
	Account    string
	RoleARN    string // of the role or user; "" for a service
	SessionARN string // shown in error messages
	Service    string // such as events.amazonaws.com; "" for a role or user
}

// statementPrincipal represents a principal in a resource policy.
type statementPrincipal struct{ kind, name string }

func parsePrincipals(raw []byte) ([]statementPrincipal, error) {
	var everyone string
	if json.Unmarshal(raw, &everyone) == nil {
		if everyone != "*" {
			return nil, fmt.Errorf(`Principal must be "*" or an object, got %q`, everyone)
		}
		return []statementPrincipal{{"AWS", "*"}}, nil
	}
	var byKind map[string]oneOrMany[string]
	if err := protocol.DecodeStrict(raw, &byKind); err != nil {
		return nil, fmt.Errorf("read Principal: %w", err)
	}
	var list []statementPrincipal
	for kind, names := range byKind {
		for _, name := range names {
			list = append(list, statementPrincipal{kind, name})
		}
	}
	return list, nil
}

// matchPrincipal compares p with the principals of a statement. The result direct reports whether
// they include p itself. The result account reports whether they include p's whole account.
func matchPrincipal(principals []statementPrincipal, p Principal) (direct, account bool) {
	for _, named := range principals {
		switch {
		case named.kind == "Service":
			direct = direct || p.Service == named.name
		case named.kind != "AWS":
		case named.name == "*",
			p.RoleARN != "" && (named.name == p.RoleARN || named.name == p.SessionARN):
			direct = true
		case p.RoleARN != "" && wholeAccount(named.name) == p.Account:
			account = true
		}
	}
	return direct, account
}

// wholeAccount returns the account id if the principal in a statement stands for a whole account.
// It returns "" for a role or user.
func wholeAccount(name string) string {
	if !strings.Contains(name, ":") {
		return name
	}
	parsed, _ := arn.Parse(name)
	if parsed.Service == "iam" && parsed.Resource == "root" {
		return parsed.AccountID
	}
	return ""
}
