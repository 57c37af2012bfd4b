package cdkapp

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
)

// config holds what the CDK CLI reads in the app's folder: cdk.json, and cdk.context.json with the
// values that it looked up.
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
	maps.Copy(lookedUp, c.Context) // cdk.json has precedence, as in the CLI
	c.Context = lookedUp
	return c, nil
}

func readOptional(file string, into any) error {
	err := readJSON(file, into)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
