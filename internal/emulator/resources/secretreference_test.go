package resources

import (
	"fmt"
	"strings"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cdkapp"
)

const secrets = `
	"Login": {"Type": "AWS::SecretsManager::Secret", "Properties": {"Name": "login",
		"SecretString": "{\"user\": \"a\", \"port\": 5432, \"nested\": {\"b\": 1}}"}},
	"Empty": {"Type": "AWS::SecretsManager::Secret", "Properties": {"Name": "empty"}},
	"Text": {"Type": "AWS::SecretsManager::Secret", "Properties": {"Name": "text",
		"SecretString": "no {{resolve:ssm:b}}"}}`

// resolveSecret returns the value to which a template resolves the text. It reads the value from a
// resource's attribute.
func resolveSecret(t *testing.T, text string) (string, error) {
	t.Helper()
	p := newTestProvider(t)
	p.Engine.SSM["b"] = "JSON"
	s, err := p.Engine.Create(cdkapp.Stack{Name: "App", Template: []byte(`{"Resources": {` +
		secrets + fmt.Sprintf(`,
		"P": {"Type": "AWS::SSM::Parameter", "DependsOn": ["Empty", "Text"], "Properties": {
			"Name": "p", "Value": {"Fn::Sub": %q}}}},
		"Outputs": {"Value": {"Value": {"Fn::GetAtt": "P.Value"}}}}`, text))})
	if err != nil {
		return "", err
	}
	return s.Outputs["Value"], nil
}

func TestSecretReference_ResolvesToTheValue(t *testing.T) {
	const arn = "arn:aws:secretsmanager:us-east-1:000000000000:secret:text"
	for text, want := range map[string]string{
		"{{resolve:secretsmanager:${Login}:SecretString:user::}}":                   "a",
		"{{resolve:secretsmanager:${Login}:SecretString:user:AWSCURRENT}}":          "a",
		"u={{resolve:secretsmanager:${Login}:SecretString:user}}@{{resolve:ssm:b}}": "u=a@JSON",
		"{{resolve:secretsmanager:${Login}:SecretString:port}}":                     "5432",
		"{{resolve:secretsmanager:${Login}:SecretString:nested}}":                   `{"b": 1}`,
		"{{resolve:secretsmanager:text}}":                                           "no JSON",
		"{{resolve:secretsmanager:text:SecretString:::}}":                           "no JSON",
		"{{resolve:secretsmanager:" + arn + "}}":                                    "no JSON",
	} {
		if got, err := resolveSecret(t, text); err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", text, got, err, want)
		}
	}
}

// A reference without a local value must stay unresolved. Otherwise, an app whose secrets are
// defined elsewhere would not start.
func TestSecretReference_StaysIfItHasNoValue(t *testing.T) {
	for _, text := range []string{
		"{{resolve:secretsmanager:absent}}", "{{resolve:secretsmanager:empty}}",
		"{{resolve:secretsmanager:text:SecretString::AWSPREVIOUS}}", "{{resolve:ssm-secure:b:1}}",
		"{{resolve:vault:b}}",
	} {
		if got, err := resolveSecret(t, text); err != nil || got != text {
			t.Errorf("%s: got %q, %v", text, got, err)
		}
	}
}

func TestSecretReference_NamesTheReasonIfItIsWrong(t *testing.T) {
	for text, want := range map[string]string{
		"{{resolve:secretsmanager:text:SecretString::AWSCURRENT:1}}": "both",
		"{{resolve:secretsmanager:text:SecretBinary}}":               "SecretString",
		"{{resolve:secretsmanager:text:SecretString:user}}":          "JSON object",
		"{{resolve:secretsmanager:${Login}:SecretString:password}}":  `"password"`,
		"{{resolve:secretsmanager:text:SecretString::::more}}":       "form",
		"{{resolve:secretsmanager}}":                                 "form",
	} {
		got, err := resolveSecret(t, text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %q, %v, want an error with %q", text, got, err, want)
		}
	}
}
