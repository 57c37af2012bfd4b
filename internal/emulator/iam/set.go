package iam

import "strings"

// Role is what a function may do.
type Role struct {
	ARN      string
	Policies []Document
}

// Set holds the policies of a platform. The zero value has none.
type Set struct {
	Roles     map[string]Role       // by the name of the function that runs in it
	Resources map[string][]Document // by the ARN of the bucket, queue, function or key; empty of one that has none
	Keys      map[string]string     // ARN of the KMS key, by that of the bucket, queue or table that it encrypts
}

// Decide returns nil or a *DeniedError, by the documents and the policy of the request's resource.
func (s Set) Decide(r Request, identity []Document) error {
	resource := s.Resources[whole(r.Resource)]
	if strings.HasPrefix(r.Action, "kms:") && len(resource) > 0 {
		return decideKey(r, identity, resource)
	}
	return Decide(r, identity, resource)
}

// Principal is who a function's calls come from. ok is false for a function whose role is not known.
func (s Set) Principal(function, account string) (p Principal, policies []Document, ok bool) {
	role, ok := s.Roles[function]
	if !ok {
		return Principal{}, nil, false
	}
	name := role.ARN[strings.LastIndexByte(role.ARN, '/')+1:]
	session := "arn:aws:sts::" + account + ":assumed-role/" + name + "/" + function
	return Principal{Account: account, Role: role.ARN, Session: session}, role.Policies, true
}
