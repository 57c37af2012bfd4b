package cdkapp

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// config holds the app's command and context. readConfig reads them from the files that the CDK CLI
// reads.
type config struct {
	App      string         `json:"app"`
	Context  map[string]any `json:"context"`
	lookedUp map[string]any // content of cdk.context.json: values that the CLI looked up in AWS
}

// readConfig reads the configuration of the app in dir. As in the CLI, cdk.json takes precedence
// over cdk.context.json, and both take precedence over .cdk.json in the home folder.
func readConfig(dir string) (config, error) {
	var project, user config
	if err := readOptional(filepath.Join(dir, "cdk.json"), &project); err != nil {
		return config{}, err
	}
	lookedUp := map[string]any{}
	if err := readOptional(filepath.Join(dir, "cdk.context.json"), &lookedUp); err != nil {
		return config{}, err
	}
	if home, err := os.UserHomeDir(); err == nil {
		if err := readOptional(filepath.Join(home, ".cdk.json"), &user); err != nil {
			return config{}, err
		}
	}
	c := config{App: project.App, Context: map[string]any{}, lookedUp: lookedUp}
	if c.App == "" {
		c.App = user.App
	}
	for _, values := range []map[string]any{user.Context, lookedUp, project.Context} {
		maps.Copy(c.Context, values)
	}
	return c, nil
}

func readOptional(file string, into any) error {
	err := readJSON(file, into)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

func readJSON(file string, into any) error {
	data, err := protocol.ReadFile(file) // like the CDK CLI, ignore a byte-order mark
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("file %s is missing: %w", filepath.Base(file), err)
	}
	if err != nil {
		return err
	}
	if err := protocol.Decode(data, into); err != nil {
		return fmt.Errorf("parse %s: %w", filepath.Base(file), err)
	}
	return nil
}
