package s3

import (
	"net/http"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// Info describes S3.
var Info = protocol.Info{
	Name: protocol.S3, Operation: operationOf,
	Permissions: permissions, NotFoundPermission: notFoundPermission,
	KeyActions: map[string][]string{
		"GetObject":        {"Decrypt"},
		"GetObjectVersion": {"Decrypt"},
		"PutObject":        {"GenerateDataKey"},
	},
	Throttled: protocol.ErrorCode{Status: http.StatusServiceUnavailable, Code: "SlowDown"},
	Denied:    protocol.ErrorCode{Status: http.StatusForbidden, Code: "AccessDenied"},
}
