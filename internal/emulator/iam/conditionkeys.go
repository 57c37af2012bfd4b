package iam

import "slices"

// conditionKeys are those that requests have values for, where they apply, in lower case.
var conditionKeys = []string{
	"aws:principalaccount", "aws:principalarn", "aws:requestedregion", "aws:securetransport", "aws:sourceaccount", "aws:sourcearn",
	"aws:viaawsservice", "lambda:sourcefunctionarn",
	"s3:delimiter", "s3:if-match", "s3:if-none-match", "s3:max-keys", "s3:objectcreationoperation", "s3:prefix", "s3:tlsversion", "s3:versionid",
	"events:detail-type", "events:source",
	"kms:calleraccount", "kms:viaservice", "kms:encryptioncontext:aws:events:event-bus:arn", "kms:encryptioncontext:aws:logs:arn",
}

func isConditionKey(key string) bool { return slices.Contains(conditionKeys, key) }
