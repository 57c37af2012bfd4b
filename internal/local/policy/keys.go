package policy

import "slices"

// keys are the condition keys that requests have values for, where they apply, in lower case.
var keys = []string{
	"aws:principalaccount", "aws:principalarn", "aws:requestedregion", "aws:securetransport", "aws:sourceaccount", "aws:sourcearn",
	"aws:viaawsservice", "lambda:sourcefunctionarn",
	"s3:delimiter", "s3:if-match", "s3:if-none-match", "s3:max-keys", "s3:objectcreationoperation", "s3:prefix", "s3:tlsversion", "s3:versionid",
	"events:detail-type", "events:source",
}

func known(key string) bool { return slices.Contains(keys, key) }
