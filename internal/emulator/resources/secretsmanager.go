package resources

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/secretsmanager"
)

type secretProperties struct {
	Name, Description    string
	KmsKeyId             string
	SecretString         *string
	GenerateSecretString document
	Tags                 []secretsmanager.Tag
}

func createSecret(c *creation, in secretProperties) (values, error) {
	value, err := in.value()
	if err != nil {
		return values{}, err
	}
	definition := secretsmanager.Definition{
		Name: c.name(in.Name, 64), Description: in.Description, KMSKey: in.KmsKeyId,
		Value: value, Tags: in.Tags,
	}
	if in.SecretString != nil {
		definition.Template = *in.SecretString
	}
	arn, err := c.SecretsManager.Define(definition)
	if err != nil {
		return values{}, err
	}
	c.iam.addResource(arn)
	c.encrypt(arn, in.KmsKeyId)
	return newValues(arn, "Id", arn), nil
}

// value returns the secret's value: a text of the template, a random password, or a JSON object
// with a random password. It is nil if the template defines no value.
func (in secretProperties) value() (*string, error) {
	switch {
	case in.SecretString != nil && in.GenerateSecretString != nil:
		return nil, errors.New("SecretString and GenerateSecretString must not both be set")
	case in.SecretString != nil && *in.SecretString == "":
		return nil, errors.New("SecretString must not be empty")
	case in.GenerateSecretString == nil:
		return in.SecretString, nil
	}
	generated, err := in.generate()
	return &generated, err
}

// generate returns a value with a random password.
func (in secretProperties) generate() (string, error) {
	var generate struct {
		ExcludeCharacters, SecretStringTemplate, GenerateStringKey string
		PasswordLength                                             *number
		ExcludeLowercase, ExcludeNumbers, ExcludePunctuation       flag
		ExcludeUppercase, IncludeSpace                             flag
		RequireEachIncludedType                                    *flag
	}
	if err := protocol.Decode(in.GenerateSecretString, &generate); err != nil {
		return "", fmt.Errorf("parse GenerateSecretString: %w", err)
	}
	options := secretsmanager.Password{
		ExcludeCharacters:       generate.ExcludeCharacters,
		ExcludeLowercase:        bool(generate.ExcludeLowercase),
		ExcludeNumbers:          bool(generate.ExcludeNumbers),
		ExcludePunctuation:      bool(generate.ExcludePunctuation),
		ExcludeUppercase:        bool(generate.ExcludeUppercase),
		IncludeSpace:            bool(generate.IncludeSpace),
		RequireEachIncludedType: (*bool)(generate.RequireEachIncludedType),
	}
	if generate.PasswordLength != nil {
		options.PasswordLength = new(generate.PasswordLength.int())
	}
	password, err := options.Generate()
	if err != nil || generate.GenerateStringKey == "" {
		return password, err
	}
	object := map[string]any{}
	if err := protocol.DecodeNumbers([]byte(generate.SecretStringTemplate), &object); err != nil {
		return "", fmt.Errorf("parse SecretStringTemplate: %w", err)
	}
	object[generate.GenerateStringKey] = password
	text, err := json.Marshal(object)
	return string(text), err
}
