package cloudformation

import (
	"crypto/sha256"
	"encoding/base32"
	"strings"
)

// PhysicalName returns a name like those that CloudFormation generates: stack, logical id and a
// suffix. The suffix depends on the other two alone, so that a later run finds the stored state of
// the resource. maxLength is the limit of the service.
func PhysicalName(stack, logicalID string, maxLength int) string {
	suffix := UniqueSuffix(stack, logicalID)
	available := maxLength - len(suffix) - 2
	// Cut the logical id first, to half of what is available, then the name of the stack.
	if n := max(available/2, available-len(stack)); len(logicalID) > n {
		logicalID = logicalID[:n]
	}
	if n := available - len(logicalID); len(stack) > n {
		stack = strings.TrimRight(stack[:n], "-")
	}
	return stack + "-" + logicalID + "-" + suffix
}

// UniqueSuffix returns 12 characters that differ by stack and logical id.
func UniqueSuffix(stack, logicalID string) string {
	sum := sha256.Sum256([]byte(stack + "/" + logicalID))
	return base32.StdEncoding.EncodeToString(sum[:])[:12]
}
