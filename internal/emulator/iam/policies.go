package iam

import "strings"

// RoleARN is what a function may do.
type Role struct {
	ARN      string
	Policies []Document
}

// Policies holds the policies of a platform. The zero value has none.
type Policies struct {
	Roles     map[string]Role       // by the name of the function that runs in it
	Resources map[string][]Document // by the ARN of the bucket, queue, function or key; empty of one that has none
	Keys      map[string]string     // ARN of the KMS key, by that of the bucket, queue or table that it encrypts
}

// Evaluate returns nil or a *DeniedError, by the documents and the policy of the request's resource.
func (s Policies) Evaluate(r Request, identity []Document) error {
	resource := s.Resources[parentARN(r.Resource)]
	if strings.HasPrefix(r.Action, "kms:") && len(resource) > 0 {
		return evaluateKey(r, identity, resource)
	}
	return Evaluate(r, identity, resource)
}

// FunctionPrincipal is who a function's calls come from. ok is false for a function whose role is not known.
func (s Policies) FunctionPrincipal(function, account string) (p Principal, policies []Document, ok bool) {
	role, ok := s.Roles[function]
	if !ok {
		return Principal{}, nil, false
	}
	name := role.ARN[strings.LastIndexByte(role.ARN, '/')+1:]
	session := "arn:aws:sts::" + account + ":assumed-role/" + name + "/" + function
	return Principal{Account: account, RoleARN: role.ARN, SessionARN: session}, role.Policies, true
}
