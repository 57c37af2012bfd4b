package policy

import "strings"

// Role is what a function may do.
type Role struct {
	ARN      string
	Policies []Document
}

// Set holds the policies of a platform. The zero value has none.
type Set struct {
	Roles     map[string]Role       // by the name of the function that runs in it
	Resources map[string][]Document // by the ARN of the bucket, queue or function; empty of one that has none
}

// ofResource are the policies of the resource that an ARN is, or is in.
func (s Set) ofResource(arn string) []Document {
	if strings.HasPrefix(arn, "arn:aws:s3:::") {
		arn = bucketOf(arn)
	}
	return s.Resources[arn]
}

// Decide returns nil or a *DeniedError, by the documents and the policy of the request's resource.
func (s Set) Decide(r Request, identity []Document) error {
	return Decide(r, identity, s.ofResource(r.Resource))
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
