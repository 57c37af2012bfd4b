package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/iam/oidc"
)

func TestToken_IsAcceptedWithTheKeysOfTheFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "keys.json")
	args := []string{
		"token", "--keys", file, "--issuer", "https://idp", "--audience", "events",
		"--claim", "tenant=shop", "--scope", "read",
	}
	code, first, errOut := runMain(t, args...)
	if code != exitOK || !strings.Contains(errOut, "local --authorize --jwks "+file) {
		t.Fatalf("exit code %d, printed %q", code, errOut)
	}
	_, second, errOut := runMain(t, args...)
	if errOut != "" {
		t.Errorf("the second run printed %q", errOut)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; others can read the private key", info.Mode(), err)
	}
	keys, err := oidc.ReadKeyFile(file)
	if err != nil {
		t.Fatal(err)
	}
	v := oidc.Verifier{
		Issuer: "https://idp", Audience: []string{"events"}, Keys: keys, Now: time.Now,
	}
	for _, token := range []string{first, second} {
		claims, err := v.Verify(t.Context(), strings.TrimSpace(token))
		if err != nil || claims["tenant"] != "shop" || claims["scope"] != "read" {
			t.Errorf("claims %v, %v", claims, err)
		}
	}
}

func TestToken_RejectsInvalidFlags(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, args := range [][]string{
		{}, {"--issuer", "i"}, {"--issuer", "i", "--audience", "a", "--expires", "x"},
		{"--issuer", "i", "--audience", "a", "--claim", "x"},
	} {
		if code, _, errOut := runMain(t, append([]string{"token"}, args...)...); code != exitUsage {
			t.Errorf("%v: exit code %d, printed %q", args, code, errOut)
		}
	}
}
