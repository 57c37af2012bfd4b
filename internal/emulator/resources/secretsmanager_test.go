package resources

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestSecret_HasTheValueOfTheTemplate(t *testing.T) {
	for name, c := range map[string]struct {
		properties secretProperties
		ok         func(value string) bool
	}{
		"text": {
			secretProperties{SecretString: new("x")}, func(v string) bool { return v == "x" },
		},
		"generated": {
			secretProperties{GenerateSecretString: document(
				`{"ExcludePunctuation":true,"PasswordLength":40}`)},
			func(v string) bool { return len(v) == 40 && !strings.ContainsAny(v, "!\"#$%&'") },
		},
		"member of a template": {
			secretProperties{GenerateSecretString: document(
				`{"SecretStringTemplate":"{\"user\":\"a\"}","GenerateStringKey":"password"}`)},
			func(v string) bool {
				var object map[string]string
				err := json.Unmarshal([]byte(v), &object)
				return err == nil && object["user"] == "a" && len(object["password"]) == 32
			},
		},
		"number in a template": {
			secretProperties{GenerateSecretString: document(`{"GenerateStringKey":"p",
				"SecretStringTemplate":"{\"id\":12345678901234567890}"}`)},
			func(v string) bool { return strings.Contains(v, `"id":12345678901234567890`) },
		},
	} {
		got, err := c.properties.value()
		if err != nil || got == nil || !c.ok(*got) {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
	if got, err := (secretProperties{}).value(); got != nil || err != nil {
		t.Errorf("no value: got %v, %v", got, err)
	}
	both := secretProperties{SecretString: new("x"), GenerateSecretString: document("{}")}
	if _, err := both.value(); err == nil {
		t.Error("both kinds of values were accepted")
	}
	for name, invalid := range map[string]secretProperties{
		"empty text": {SecretString: new("")},
		"length 0":   {GenerateSecretString: document(`{"PasswordLength":0}`)},
	} {
		if got, err := invalid.value(); err == nil {
			t.Errorf("%s: got %q, want an error", name, *got)
		}
	}
}
