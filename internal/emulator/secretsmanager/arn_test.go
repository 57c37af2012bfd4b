package secretsmanager

import (
	"strings"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

func TestSecretARN_AcceptsNamesAndPartialARNs(t *testing.T) {
	const want = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/github-local1"
	scope := protocol.Scope{Region: "eu-west-1", Account: "111122223333"}
	for _, id := range []string{
		"shop/github", strings.TrimSuffix(want, secretSuffix), want,
	} {
		if got := secretARN(scope, id); got != want {
			t.Errorf("%s: got %s", id, got)
		}
	}
}
