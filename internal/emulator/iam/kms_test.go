package iam

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const key = "arn:aws:kms:us-east-1:111122223333:key/k"

func TestEvaluate_RequiresTheKeyPolicyToAllow(t *testing.T) {
	mine := parseIdentity(t, `{"Effect":"Allow","Action":"kms:Decrypt","Resource":"`+key+`"}`)
	denying := parseIdentity(t, `{"Effect":"Deny","Action":"kms:Decrypt","Resource":"*"}`)
	const toRole = `{"Effect":"Allow","Principal":{"AWS":"` + role +
		`"},"Action":"kms:Decrypt","Resource":"*"}`
	const toAccount = `{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"kms:*",` +
		`"Resource":"*"}`
	for _, c := range []struct {
		name      string
		statement string
		identity  []Document
		allowed   bool
	}{
		{"delegates to the account and the role may", toAccount, mine, true},
		{"delegates to the account and the role may not", toAccount, nil, false},
		{"names the role", toRole, nil, true},
		{"names the role, which denies", toRole, denying, false},
		{"delegates to the account, and then names the role", `[` + toAccount + `,` + toRole + `]`,
			nil, true},
		{"names the role, and then delegates to the account", `[` + toRole + `,` + toAccount + `]`,
			nil, true},
		{"delegates, names the role, which denies", `[` + toAccount + `,` + toRole + `]`, denying,
			false},
		{"names another role",
			`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/other"},` +
				`"Action":"kms:Decrypt","Resource":"*"}`, mine, false},
		{"allows another action",
			`{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"kms:Encrypt","Resource":"*"}`,
			mine, false},
		{"denies",
			`[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"kms:*","Resource":"*"},` +
				`{"Effect":"Deny","Principal":"*","Action":"kms:Decrypt","Resource":"*"}]`, mine,
			false},
	} {
		set := Policies{Resources: map[string][]Document{key: parseResource(t, c.statement)}}
		err := set.Evaluate(Request{Principal: worker, Action: "kms:Decrypt", Resource: key},
			c.identity)
		if (err == nil) != c.allowed {
			t.Errorf("the key's policy %s: %v", c.name, err)
		}
	}
}

func TestAuthorizer_ChecksThePermissionForTheKMSKey(t *testing.T) {
	const all = `{"Effect":"Allow","Action":["sqs:*","s3:*"],"Resource":"*"}`
	for _, c := range []struct {
		statements string
		status     int
		contains   string
	}{
		{`[` + all + `]`, 400, `"__type":"KmsAccessDenied"`},
		{`[` + all + `,{"Effect":"Allow","Action":"kms:GenerateDataKey","Resource":"*"}]`, 400,
			"to perform: kms:Decrypt on resource: " + key},
		{`[` + all +
			`,{"Effect":"Allow","Action":["kms:GenerateDataKey","kms:Decrypt"],"Resource":"*",` +
			`"Condition":{"StringEquals":{"kms:ViaService":"s3.us-east-1.amazonaws.com"}}}]`,
			400, "kms:GenerateDataKey"},
		{`[` + all +
			`,{"Effect":"Allow","Action":["kms:GenerateDataKey","kms:Decrypt"],"Resource":"*",` +
			`"Condition":{"StringEquals":{"kms:ViaService":"sqs.us-east-1.amazonaws.com"}}}]`,
			200, "served"},
	} {
		authorizer := Authorizer{
			Services: services, Region: "us-east-1", Account: account, Report: func(Denial) {},
			Policies: Policies{
				Roles: map[string]Role{"worker": {role, parseIdentity(t, c.statements)}},
				Keys:  map[string]string{queue: key},
			},
			FunctionOf: func(string) (string, bool) { return "worker", true },
		}
		w := httptest.NewRecorder()
		authorizer.Wrap(served).ServeHTTP(w,
			call("AmazonSQS.SendMessage", `{"QueueUrl":"http://h/111122223333/q"}`))
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.contains) {
			t.Errorf("%s: got %d %s", c.statements, w.Code, w.Body)
		}
		w = httptest.NewRecorder()
		if authorizer.Wrap(served).ServeHTTP(w, request("PUT", "/b/k", "", "")); w.Code != 200 {
			t.Errorf("a bucket without a key: got %d, want 200", w.Code)
		}
	}
}

var served = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
	io.WriteString(w, "served")
})
