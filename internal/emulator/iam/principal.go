package iam

import (
	"encoding/json"
	"fmt"
	"strings"
)

// FunctionPrincipal is who asks: a role, in the name of which a function runs, or a service of AWS.
type Principal struct {
	Account    string
	RoleARN    string // ARN of the role; "" of a service
	SessionARN string // ARN of the role's session: what messages name
	Service    string // such as events.amazonaws.com; "" of a role
}

// statementPrincipal is one that a resource's policy names.
type statementPrincipal struct{ kind, name string }

func parsePrincipals(raw []byte) ([]statementPrincipal, error) {
	var all string
	if json.Unmarshal(raw, &all) == nil {
		if all != "*" {
			return nil, fmt.Errorf("%q is no Principal", all)
		}
		return []statementPrincipal{{"AWS", "*"}}, nil
	}
	var byKind map[string]oneOrMany[string]
	if err := decodeStrictly(raw, &byKind); err != nil {
		return nil, fmt.Errorf("read its Principal: %w", err)
	}
	var list []statementPrincipal
	for kind, names := range byKind {
		for _, name := range names {
			list = append(list, statementPrincipal{kind, name})
		}
	}
	return list, nil
}

// matchPrincipal tells how a statement's principals hold of who asks: directly, or through the account it belongs to. A statement
// that allows an account leaves it to the account's own policies whom of it.
func matchPrincipal(list []statementPrincipal, p Principal) (direct, account bool) {
	for _, named := range list {
		switch {
		case named.kind == "Service":
			direct = direct || p.Service == named.name
		case named.kind != "AWS":
		case named.name == "*", p.RoleARN != "" && (named.name == p.RoleARN || named.name == p.SessionARN):
			direct = true
		case p.RoleARN != "" && wholeAccount(named.name) == p.Account:
			account = true
		}
	}
	return direct, account
}

// wholeAccount is the account that a principal stands for as a whole, "" when it is a part of one.
func wholeAccount(name string) string {
	if !strings.Contains(name, ":") {
		return name
	}
	parts := strings.SplitN(name, ":", 6) // arn:aws:iam::ACCOUNT:root
	if len(parts) == 6 && parts[2] == "iam" && parts[5] == "root" {
		return parts[4]
	}
	return ""
}
