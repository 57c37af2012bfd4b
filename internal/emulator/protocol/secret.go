package protocol

import "strings"

// secretSuffix ends the ARN of every secret. On AWS, six random characters follow the name.
const secretSuffix = "-local1"

// SecretARN returns the ARN of a secret. id is the name of the secret, or an ARN with or without
// the characters that follow the name.
func SecretARN(region, account, id string) string {
	prefix := "arn:aws:secretsmanager:" + region + ":" + account + ":secret:"
	return prefix + strings.TrimSuffix(strings.TrimPrefix(id, prefix), secretSuffix) + secretSuffix
}
