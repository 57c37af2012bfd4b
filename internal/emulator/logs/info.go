package logs

import "github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"

// Name identifies CloudWatch Logs in ARNs and IAM actions.
const Name = "logs"

// TargetPrefix identifies requests to CloudWatch Logs in the X-Amz-Target header.
const TargetPrefix = "Logs_20140328"

// Info describes CloudWatch Logs.
var Info = protocol.Info{Name: Name, TargetPrefix: TargetPrefix}
