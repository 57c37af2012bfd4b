package eventbridge

import "github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"

// Name identifies EventBridge in ARNs and IAM actions.
const Name = "events"

// TargetPrefix identifies requests to EventBridge in the X-Amz-Target header.
const TargetPrefix = "AWSEvents"

// Info describes EventBridge.
var Info = protocol.Info{Name: Name, TargetPrefix: TargetPrefix, Permissions: permissions}
