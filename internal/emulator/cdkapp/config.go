package cdkapp

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
)

// config is what the CDK CLI's files in the app's folder say: cdk.json, and in cdk.context.json what the CLI looked up.
type config struct {
	App     string         `json:"app"`
	Context map[string]any `json:"context"`
}

func readConfig(dir string) (config, error) {
	var c config
	if err := readOptional(filepath.Join(dir, "cdk.json"), &c); err != nil {
		return config{}, err
	}
	lookedUp := map[string]any{}
	if err := readOptional(filepath.Join(dir, "cdk.context.json"), &lookedUp); err != nil {
		return config{}, err
	}
	maps.Copy(lookedUp, c.Context) // cdk.json wins, as it does for the CLI
	c.Context = lookedUp
	return c, nil
}

func readOptional(file string, into any) error {
	data, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("parse %s: %w", file, err)
	}
	return nil
}
