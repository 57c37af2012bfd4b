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
			secretProperties{SecretString: "x"}, func(v string) bool { return v == "x" },
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
		"none": {secretProperties{}, func(v string) bool { return v == "" }},
	} {
		got, err := c.properties.value()
		if err != nil || !c.ok(got) {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
	both := secretProperties{SecretString: "x", GenerateSecretString: document("{}")}
	if _, err := both.value(); err == nil {
		t.Error("both kinds of values were accepted")
	}
}
