package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// localSettingsFile is a file in the app's folder with settings for `eventpipeline local`.
const localSettingsFile = "eventpipeline.local.json"

// localSettings holds the content of localSettingsFile.
type localSettings struct {
	Account    string                 `json:"account"`
	Region     string                 `json:"region"`
	Parameters map[string]settingText `json:"parameters"` // by NAME or STACK:NAME
	SSM        map[string]settingText `json:"ssm"`        // by the name of the SSM parameter
}

// settingText holds a setting as text. In JSON, it is a string, a number, a Boolean or a list. The
// text of a list is its elements, separated by commas.
type settingText string

func (s *settingText) UnmarshalJSON(data []byte) error {
	switch data[0] {
	case '{', 'n':
		return fmt.Errorf("a value must be a string, a number, a Boolean or a list, got %s", data)
	case '[':
		var list []settingText
		err := json.Unmarshal(data, &list)
		var elements []string
		for _, element := range list {
			elements = append(elements, string(element))
		}
		*s = settingText(strings.Join(elements, ","))
		return err
	case '"':
		var text string
		err := json.Unmarshal(data, &text)
		*s = settingText(text)
		return err
	}
	*s = settingText(data) // a number or a Boolean
	return nil
}

// readLocalSettings reads localSettingsFile. If there is no such file, all settings are empty.
func readLocalSettings() (s localSettings, err error) {
	content, err := protocol.ReadFile(localSettingsFile)
	if errors.Is(err, os.ErrNotExist) {
		return s, nil
	}
	if err == nil {
		err = protocol.DecodeStrict(content, &s)
	}
	if err != nil {
		return s, fmt.Errorf("read %s: %w", localSettingsFile, err)
	}
	return s, nil
}

// applySettings sets the account, the region and the parameters. The precedence is: flags, then
// localSettingsFile, then environment variables.
func (f *localFlags) applySettings() error {
	settings, err := readLocalSettings()
	if err != nil {
		return err
	}
	o := &f.options
	o.Account, err = firstSetting(`^[0-9]{12}$`, "12 digits",
		setting{"--account", o.Account},
		setting{"account in " + localSettingsFile, settings.Account},
		environmentSetting("CDK_DEFAULT_ACCOUNT"), setting{"", emulator.DefaultAccount})
	if err != nil {
		return err
	}
	o.Region, err = firstSetting(`^[a-z0-9-]+$`, "a region such as eu-west-1",
		setting{"--region", o.Region}, setting{"region in " + localSettingsFile, settings.Region},
		environmentSetting("CDK_DEFAULT_REGION"), environmentSetting("AWS_REGION"),
		environmentSetting("AWS_DEFAULT_REGION"), setting{"", emulator.DefaultRegion})
	if err != nil {
		return err
	}
	o.Parameters, err = mergeValues(settings.Parameters, "--parameter", f.parameters)
	if err != nil {
		return err
	}
	o.SSM, err = mergeValues(settings.SSM, "--ssm", f.ssm)
	return err
}

// setting holds a value and its source: a flag, an environment variable, or a field of
// localSettingsFile.
type setting struct{ source, value string }

func environmentSetting(variable string) setting { return setting{variable, os.Getenv(variable)} }

// firstSetting returns the first value that is not empty. It returns an error if this value does
// not match the regular expression in pattern. In the error, the text in rule describes the valid
// values.
func firstSetting(pattern, rule string, settings ...setting) (string, error) {
	for _, s := range settings {
		if s.value == "" {
			continue
		}
		if !regexp.MustCompile(pattern).MatchString(s.value) {
			return "", fmt.Errorf("%s must be %s, got %q", s.source, rule, s.value)
		}
		return s.value, nil
	}
	return "", nil
}

// mergeValues combines the values in localSettingsFile with the NAME=VALUE pairs of a flag. If both
// set a name, the flag's value wins.
func mergeValues(
	ofFile map[string]settingText, flag string, pairs []string,
) (map[string]string, error) {
	values, ofFlag := map[string]string{}, map[string]string{}
	for name, value := range ofFile {
		values[name] = string(value)
	}
	for _, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("%s must be NAME=VALUE, got %q", flag, pair)
		}
		ofFlag[name] = value
		// The flag's NAME also replaces the values of STACK:NAME in the file, for any STACK.
		maps.DeleteFunc(values, func(known, _ string) bool {
			_, unqualified, _ := strings.Cut(known, ":")
			return unqualified == name
		})
	}
	maps.Copy(values, ofFlag)
	return values, nil
}
