package cloudformation

import (
	"crypto/sha256"
	"encoding/base32"
	"strings"
)

// PhysicalName returns a name such as CloudFormation generates: stack, logical id and a suffix. The
// suffix depends only on the stack and the logical id, so that a later run finds the stored state
// of the resource. maxLength is the AWS service's limit on names.
func PhysicalName(stack, logicalID string, maxLength int) string {
	suffix := UniqueSuffix(stack, logicalID)
	available := maxLength - len(suffix) - 2
	// Cut the logical id first, but keep at least half of the available length for it. Then cut the
	// stack's name.
	if n := max(available/2, available-len(stack)); len(logicalID) > n {
		logicalID = logicalID[:n]
	}
	if n := available - len(logicalID); len(stack) > n {
		stack = strings.TrimRight(stack[:n], "-")
	}
	return stack + "-" + logicalID + "-" + suffix
}

// UniqueSuffix returns 12 characters that are derived from the stack's name and the logical id.
func UniqueSuffix(stack, logicalID string) string {
	sum := sha256.Sum256([]byte(stack + "/" + logicalID))
	return base32.StdEncoding.EncodeToString(sum[:])[:12]
}
