package protocol

import "strings"

// secretSuffix is the end of every secret's ARN. On AWS, it is a hyphen and six random characters.
const secretSuffix = "-local1"

// SecretARN returns the ARN of a secret. id is the secret's name, or an ARN with or without
// secretSuffix.
func SecretARN(region, account, id string) string {
	prefix := ARN("secretsmanager", region, account, "secret:")
	return prefix + strings.TrimSuffix(strings.TrimPrefix(id, prefix), secretSuffix) + secretSuffix
}
