package secretsmanager

import "github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"

// Name identifies Secrets Manager in ARNs and IAM actions.
const Name = "secretsmanager"

// TargetPrefix identifies requests to Secrets Manager in the X-Amz-Target header.
const TargetPrefix = "secretsmanager"

// Info describes Secrets Manager.
var Info = protocol.Info{
	Name: Name, TargetPrefix: TargetPrefix, Permissions: permissions,
	KeyActions: map[string][]string{
		"GetSecretValue": {"Decrypt"},
		"PutSecretValue": {"GenerateDataKey", "Decrypt"},
	},
}
