package protocol

import (
	"strings"
	"testing"
)

func TestSecretARN_AcceptsNamesAndPartialARNs(t *testing.T) {
	const want = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/github-local1"
	for _, id := range []string{
		"shop/github", strings.TrimSuffix(want, secretSuffix), want,
	} {
		if got := SecretARN("eu-west-1", "111122223333", id); got != want {
			t.Errorf("%s: got %s", id, got)
		}
	}
}
