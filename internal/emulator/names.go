package emulator

import (
	"crypto/sha256"
	"encoding/base32"
	"strings"
)

// physicalName is what CloudFormation calls a resource that has no name of its own: stack, logical id and a suffix. The
// suffix follows from the other two, so that kept state is found again. longest is the service's limit.
func physicalName(stack, logicalID string, longest int) string {
	suffix := uniqueSuffix(stack, logicalID)
	room := longest - len(suffix) - 2
	half := room / 2
	// The logical id gives way first to half of the room, then the stack's name.
	if id := max(half, room-len(stack)); len(logicalID) > id {
		logicalID = logicalID[:id]
	}
	if rest := room - len(logicalID); len(stack) > rest {
		stack = strings.TrimRight(stack[:rest], "-")
	}
	return stack + "-" + logicalID + "-" + suffix
}

// bucketName is a physical name for a bucket: lower case.
func bucketName(stack, logicalID string) string {
	return strings.ToLower(physicalName(stack, logicalID, 63))
}

// apiID is the id of an HTTP API: ten letters and digits, as API Gateway's are.
func apiID(stack, logicalID string) string {
	return strings.ToLower(uniqueSuffix(stack, logicalID)[:10])
}

func uniqueSuffix(stack, logicalID string) string {
	sum := sha256.Sum256([]byte(stack + "/" + logicalID))
	return base32.StdEncoding.EncodeToString(sum[:])[:12]
}
