package iam

import (
	"fmt"
	"strings"
	"testing"
)

const (
	account = "111122223333"
	role    = "arn:aws:iam::111122223333:role/worker"
	session = "arn:aws:sts::111122223333:assumed-role/worker/worker"
)

var worker = Principal{Account: account, RoleARN: role, SessionARN: session}

// parseIdentity returns an identity policy with the statement.
func parseIdentity(t *testing.T, statement string) []Document {
	t.Helper()
	d, err := ParseIdentityPolicy([]byte(`{"Version":"2012-10-17","Statement":` + statement + `}`))
	if err != nil {
		t.Fatal(err)
	}
	return []Document{d}
}

// parseResource returns a resource policy with the statement.
func parseResource(t *testing.T, statement string) []Document {
	t.Helper()
	d, err := ParseResourcePolicy([]byte(`{"Version":"2012-10-17","Statement":` + statement + `}`))
	if err != nil {
		t.Fatal(err)
	}
	return []Document{d}
}

func TestEvaluate_MatchesActionAndResource(t *testing.T) {
	for _, c := range []struct {
		statement        string
		action, resource string
		allowed          bool
	}{
		{`{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/bronze/*"}`,
			"s3:GetObject", "arn:aws:s3:::b/bronze/a/b", true},
		{`{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/bronze/*"}`,
			"s3:GetObject", "arn:aws:s3:::b/silver/a", false},
		{`{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/bronze/*"}`,
			"s3:GetObjectVersion", "arn:aws:s3:::b/bronze/a", false},
		{`{"Effect":"Allow","Action":"S3:getObject","Resource":"arn:aws:s3:::b/bronze/*"}`,
			"s3:GetObject", "arn:aws:s3:::b/bronze/a", true},
		{`{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::B/*"}`, "s3:GetObject",
			"arn:aws:s3:::b/a", false},
		{`{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}`, "s3:GetObjectVersion",
			"arn:aws:s3:::b/a", true},
		{`{"Effect":"Allow","Action":["sqs:SendMessage","s3:*"],"Resource":["arn:aws:s3:::a/*",` +
			`"arn:aws:s3:::b/?"]}`, "s3:GetObject", "arn:aws:s3:::b/xy", false},
		{`[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::a"},` +
			`{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b"}]`,
			"s3:GetObject", "arn:aws:s3:::b", true},
		{`[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny",` +
			`"Action":"s3:Delete*","Resource":"*"}]`, "s3:DeleteObject", "arn:aws:s3:::b/a", false},
		{`[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","NotAction":"s3:*",` +
			`"Resource":"*"}]`, "sqs:SendMessage", "arn:aws:sqs:::b", false},
		{`{"Effect":"Allow","Action":"*","NotResource":"arn:aws:s3:::b/*"}`, "s3:GetObject",
			"arn:aws:s3:::b/a", false},
		{`[]`, "s3:GetObject", "arn:aws:s3:::b/a", false},
	} {
		err := Evaluate(Request{Principal: worker, Action: c.action, Resource: c.resource},
			parseIdentity(t, c.statement), nil)
		if (err == nil) != c.allowed {
			t.Errorf("%s on %s with %s: %v", c.action, c.resource, c.statement, err)
		}
	}
}

func TestEvaluate_AppliesResourcePolicies(t *testing.T) {
	allow := parseIdentity(t, `{"Effect":"Allow","Action":"*","Resource":"*"}`)
	for _, c := range []struct {
		principal string
		effect    string
		who       Principal
		identity  []Document
		allowed   bool
	}{
		{`"*"`, "Deny", worker, allow, false},
		{`{"AWS":"*"}`, "Deny", worker, allow, false},
		{`{"AWS":"` + role + `"}`, "Deny", worker, allow, false},
		{`{"AWS":"` + session + `"}`, "Deny", worker, allow, false},
		{`{"AWS":"arn:aws:iam::111122223333:role/other"}`, "Deny", worker, allow, true},
		{`{"AWS":"arn:aws:iam::111122223333:root"}`, "Deny", worker, allow, false},
		{`{"AWS":"444455556666"}`, "Deny", worker, allow, true},
		{`{"Service":"lambda.amazonaws.com"}`, "Deny", worker, allow, true},
		{`{"AWS":["444455556666","` + role + `"]}`, "Allow", worker, nil, true},
		{`{"AWS":"*"}`, "Allow", worker, nil, true},
		{`{"AWS":"arn:aws:iam::111122223333:root"}`, "Allow", worker, nil, false},
		{`{"Service":"events.amazonaws.com"}`, "Allow", Principal{Service: "events.amazonaws.com"},
			nil, true},
		{`{"Service":"sns.amazonaws.com"}`, "Allow", Principal{Service: "events.amazonaws.com"},
			nil, false},
		{`{"AWS":"111122223333"}`, "Allow",
			Principal{Account: account, Service: "events.amazonaws.com"}, nil, false},
	} {
		policy := parseResource(t,
			fmt.Sprintf(`{"Effect":%q,"Principal":%s,"Action":"*","Resource":"*"}`,
				c.effect, c.principal))
		request := Request{Principal: c.who, Action: "sqs:SendMessage", Resource: "arn:aws:sqs:::q"}
		err := Evaluate(request, c.identity, policy)
		if (err == nil) != c.allowed {
			t.Errorf("%s %s for %+v: %v", c.effect, c.principal, c.who, err)
		}
	}
}

func TestEvaluate_AppliesConditions(t *testing.T) {
	for _, c := range []struct {
		condition string
		context   map[string]string
		holds     bool
	}{
		{`{"StringEquals":{"s3:prefix":["a","bronze/"]}}`,
			map[string]string{"s3:prefix": "bronze/"}, true},
		{`{"StringEquals":{"s3:prefix":"bronze/"}}`, nil, false},
		{`{"StringEqualsIfExists":{"s3:prefix":"bronze/"}}`, nil, true},
		{`{"StringNotEquals":{"s3:prefix":"bronze/"}}`, nil, true},
		{`{"StringNotEquals":{"s3:prefix":["bronze/","a"]}}`, map[string]string{"s3:prefix": "a"},
			false},
		{`{"StringLike":{"s3:prefix":"bronze/*"}}`, map[string]string{"s3:prefix": "bronze/demo/"},
			true},
		{`{"StringLike":{"s3:prefix":"bronze/*"}}`, map[string]string{"s3:prefix": "silver/"},
			false},
		{`{"StringEqualsIgnoreCase":{"s3:prefix":"A"}}`, map[string]string{"s3:prefix": "a"}, true},
		{`{"Bool":{"aws:SecureTransport":"false"}}`,
			map[string]string{"aws:securetransport": "true"}, false},
		{`{"Bool":{"aws:SecureTransport":false}}`,
			map[string]string{"aws:securetransport": "false"}, true},
		{`{"Null":{"s3:if-none-match":"true"}}`, nil, true},
		{`{"Null":{"s3:if-none-match":"true"}}`, map[string]string{"s3:if-none-match": "*"}, false},
		{`{"Null":{"s3:if-none-match":false}}`, map[string]string{"s3:if-none-match": "*"}, true},
		{`{"NumericLessThan":{"s3:TlsVersion":1.2}}`, map[string]string{"s3:tlsversion": "1.1"},
			true},
		{`{"NumericLessThan":{"s3:TlsVersion":1.2}}`, map[string]string{"s3:tlsversion": "1.2"},
			false},
		{`{"ArnLike":{"aws:SourceArn":"arn:aws:events:us-east-1:1:rule/*"}}`,
			map[string]string{"aws:sourcearn": "arn:aws:events:us-east-1:1:rule/r"}, true},
		{`{"ArnEquals":{"aws:SourceArn":"arn:aws:events:*:rule/r"}}`,
			map[string]string{"aws:sourcearn": "arn:aws:events:us-east-1:1:rule/r"}, false},
		{`{"ArnNotEquals":{"aws:PrincipalArn":"arn:aws:iam::1:role/r"}}`,
			map[string]string{"aws:principalarn": "arn:aws:iam::1:role/r"}, false},
		{`{"StringEquals":{"s3:prefix":"a"},"Bool":{"aws:SecureTransport":true}}`,
			map[string]string{"s3:prefix": "a"}, false},
	} {
		documents := parseIdentity(t,
			`{"Effect":"Allow","Action":"*","Resource":"*","Condition":`+c.condition+`}`)
		err := Evaluate(Request{Principal: worker, Action: "s3:ListBucket",
			Resource: "arn:aws:s3:::b", Context: c.context}, documents, nil)
		if (err == nil) != c.holds {
			t.Errorf("%s with %v: %v", c.condition, c.context, err)
		}
	}
}

func TestEvaluate_ReturnsTheErrorsOfAWS(t *testing.T) {
	request := Request{Principal: worker, Action: "s3:PutObject", Resource: "arn:aws:s3:::b/k"}
	const notAllowed = "User: " + session + " is not authorized to perform: s3:PutObject on " +
		"resource: arn:aws:s3:::b/k because no identity-based policy allows the s3:PutObject action"
	deny := `{"Effect":"Deny","Action":"*","Resource":"*"}`
	service := Request{
		Principal: Principal{Service: "events.amazonaws.com"},
		Action:    "sqs:SendMessage", Resource: "q",
	}
	for want, err := range map[string]error{
		notAllowed: Evaluate(request, nil, nil),
		"with an explicit deny in an identity-based policy": Evaluate(request,
			parseIdentity(t, deny), nil),
		"with an explicit deny in a resource-based policy": Evaluate(request, nil,
			parseResource(t, `{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}`)),
		"User: events.amazonaws.com is not authorized to perform: sqs:SendMessage on resource: q " +
			"because no resource-based policy": Evaluate(service, nil, nil),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// The parser rejects unsupported elements of a policy. An ignored element could allow a call that
// AWS denies.
func TestParse_RejectsUnsupportedPolicies(t *testing.T) {
	for _, c := range [][2]string{
		{`{"Effect":"Allow","Action":"*","Resource":"*",` +
			`"Condition":{"IpAddress":{"aws:SecureTransport":"10.0.0.0/8"}}}`,
			"condition operator IpAddress"},
		{`{"Effect":"Allow","Action":"*","Resource":"*",` +
			`"Condition":{"BoolNot":{"aws:SecureTransport":"true"}}}`,
			"condition operator BoolNot"},
		{`{"Effect":"Allow","Action":"*","Resource":"*",` +
			`"Condition":{"NullIfExists":{"aws:SecureTransport":"true"}}}`,
			"condition operator NullIfExists"},
		{`{"Effect":"Allow","Action":"*","Resource":"*",` +
			`"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}}`,
			"condition key aws:PrincipalOrgID"},
		{`{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::b/${aws:username}/*"}`,
			"policy variables"},
		{`{"Effect":"Allow","Action":"*","Resource":"*",` +
			`"Condition":{"StringEquals":{"s3:prefix":"${aws:username}"}}}`, "policy variables"},
		{`{"Effect":"Allow","Action":"*","Resource":"*",` +
			`"Condition":{"StringEquals":{"s3:prefix":{"Ref":"AWS::Region"}}}}`, "condition value"},
		{`{"Effect":"Allow","Action":"*","Resource":"*",` +
			`"Condition":{"ForAllValues:StringLike":{"s3:prefix":"a"}}}`,
			"condition operator ForAllValues:StringLike"},
		{`{"Effect":"allow","Action":"*","Resource":"*"}`, `got "allow"`},
		{`{"Effect":"Allow","Resource":"*"}`, "either Action or NotAction"},
		{`{"Effect":"Allow","Action":"*","NotAction":"s3:PutObject","Resource":"*"}`,
			"either Action or NotAction"},
		{`{"Effect":"Allow","Action":"*"}`, "either Resource or NotResource"},
		{`{"Effect":"Allow","Action":"*","Resource":"*","Principal":"*"}`, "have a Principal"},
		{`{"Effect":"Allow","Action":"*","Resource":"*","Conditions":{}}`, "Conditions"},
		{`{"Effect":"Allow","action":"*","Resource":"*"}`, "action"},
	} {
		statement, want := c[0], c[1]
		_, err := ParseIdentityPolicy([]byte(`{"Statement":` + statement + `}`))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want it to contain %s", statement, err, want)
		}
	}
	for _, c := range [][2]string{
		{`{"Effect":"Allow","Action":"*","Resource":"*"}`, "have a Principal"},
		{`{"Effect":"Allow","Action":"*","Resource":"*","Principal":"somebody"}`, `got "somebody"`},
		{`{"Effect":"Deny","Action":"*","Resource":"*","NotPrincipal":{"AWS":"1"}}`,
			"NotPrincipal"},
	} {
		statement, want := c[0], c[1]
		_, err := ParseResourcePolicy([]byte(`{"Statement":` + statement + `}`))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want it to contain %s", statement, err, want)
		}
	}
}

func TestLike(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true}, {"*", "", true}, {"?", "", false}, {"a*c", "abbc", true},
		{"a*c", "abcd", false}, {"*b*", "abc", true},
		{"a?c", "abc", true}, {"a*b*c", "a-b-b-c", true}, {"a**", "a", true}, {"[a]", "a", false},
		{"a.c", "abc", false},
		{"*/bronze/*", "b/bronze/x/y", true}, {"ab*ab", "abab", true}, {"ab*ab", "aba", false},
	} {
		if got := matchesWildcards(c.text, c.pattern); got != c.want {
			t.Errorf("%q like %q: %t", c.text, c.pattern, got)
		}
	}
}
