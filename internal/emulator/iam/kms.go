package iam

import "strings"

// keyActions are what a service asks of the key that encrypts a resource, in the name of who acts on it.
var keyActions = map[string][]string{
	"s3:GetObject": {"Decrypt"}, "s3:GetObjectVersion": {"Decrypt"}, "s3:PutObject": {"GenerateDataKey"},
	"sqs:SendMessage": {"GenerateDataKey", "Decrypt"}, "sqs:ReceiveMessage": {"Decrypt"},
	"dynamodb:GetItem": {"Decrypt"}, "dynamodb:BatchGetItem": {"Decrypt"}, "dynamodb:Query": {"Decrypt"}, "dynamodb:Scan": {"Decrypt"},
	"dynamodb:PutItem": {"Decrypt"}, "dynamodb:UpdateItem": {"Decrypt"}, "dynamodb:DeleteItem": {"Decrypt"},
	"dynamodb:BatchWriteItem": {"Decrypt"}, "dynamodb:ConditionCheckItem": {"Decrypt"},
}

// keyPermissions are what an access must be allowed beside itself: to use the key, if it is to a resource that has one.
func (p location) keyPermissions(a permission, keys map[string]string) (list []permission) {
	key, ok := keys[parentARN(a.resource)]
	if !ok {
		return nil
	}
	service, _, _ := strings.Cut(a.action, ":")
	for _, action := range keyActions[a.action] {
		list = append(list, permission{action: "kms:" + action, resource: key, context: map[string]string{
			"kms:viaservice": service + "." + p.region + ".amazonaws.com", "kms:calleraccount": p.account,
		}})
	}
	return list
}

// parentARN is the ARN of the bucket or table that an object or index is in.
func parentARN(arn string) string {
	if strings.HasPrefix(arn, "arn:aws:s3:::") {
		bucket, _, _ := strings.Cut(arn, "/")
		return bucket
	}
	table, _, _ := strings.Cut(arn, "/index/")
	return table
}

// evaluateKey is Decide for a KMS key: what its own policy does not allow, nobody may. It may leave that to the account.
func evaluateKey(r Request, identity, key []Document) error {
	allowed := false
	for s := range statements(key) {
		direct, account := matchPrincipal(s.principals, r.Principal)
		switch {
		case !direct && !account, !s.matches(r):
		case s.deny:
			return &DeniedError{r, "with an explicit deny in a resource-based policy"}
		case direct:
			allowed = true
		default: // the account's own policies decide
			if err := Evaluate(r, identity, nil); err != nil {
				return err
			}
			allowed = true
		}
	}
	if !allowed {
		return &DeniedError{r, "because no resource-based policy allows the " + r.Action + " action"}
	}
	return nil
}
