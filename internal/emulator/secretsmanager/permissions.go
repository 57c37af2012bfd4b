package secretsmanager

import (
	"net/http"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// permissions implements Info.Permissions.
func permissions(
	scope protocol.Scope, operation string, r *http.Request,
) ([]protocol.Permission, error) {
	var in struct {
		Name     string
		SecretID string `json:"SecretId"`
	}
	if err := protocol.DecodeRequest(r, &in); err != nil {
		return nil, err
	}
	resource := secretARN(scope, in.SecretID)
	switch operation {
	case "GetRandomPassword", "ListSecrets":
		resource = "*"
	case "CreateSecret":
		resource = secretARN(scope, in.Name)
	}
	return []protocol.Permission{{Action: Name + ":" + operation, Resource: resource}}, nil
}

// secretSuffix is the end of every secret's ARN. On AWS, it is a hyphen and six random characters.
const secretSuffix = "-local1"

// secretARN returns the ARN of a secret. id is the secret's name, or an ARN with or without
// secretSuffix.
func secretARN(scope protocol.Scope, id string) string {
	prefix := scope.ARN(Name, "secret:")
	return prefix + strings.TrimSuffix(strings.TrimPrefix(id, prefix), secretSuffix) + secretSuffix
}
