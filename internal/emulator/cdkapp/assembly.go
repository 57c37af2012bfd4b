// Package cdkapp runs a CDK app, as the CDK CLI does, and reads the cloud assembly that it writes:
// the stacks, their templates and the folders of their assets.
package cdkapp

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

// Assembly represents a cloud assembly.
type Assembly struct {
	Dir    string
	Stacks []Stack // each after those that it depends on
}

// Stack represents a stack of the app or of one of its stages.
type Stack struct {
	Name     string
	Account  string            // "" if the stack names none
	Region   string            // "" if the stack names none
	Template []byte            // CloudFormation, JSON
	Assets   map[string]string // S3 object key → folder or file
	Modules  []string          // folders of the Go modules of the pipelines' own workers
}

// manifest holds the parts of manifest.json that are read.
type manifest struct {
	Artifacts map[string]artifact `json:"artifacts"`
	Missing   []struct {
		Key string `json:"key"`
	} `json:"missing"`
}

type artifact struct {
	Type         string   `json:"type"`
	Environment  string   `json:"environment"`
	Dependencies []string `json:"dependencies"`
	Metadata     metadata `json:"metadata"`
	MetadataFile string   `json:"additionalMetadataFile"` // adds to Metadata
	Properties   struct {
		TemplateFile  string `json:"templateFile"`  // of a stack
		StackName     string `json:"stackName"`     // of a stack
		File          string `json:"file"`          // of an asset manifest
		DirectoryName string `json:"directoryName"` // of a nested assembly
	} `json:"properties"`
}

// metadata holds the metadata of constructs by their path.
type metadata map[string][]struct {
	Type string          `json:"type"`
	Data json.RawMessage `json:"data"`
}

// assetManifest holds the parts that are read of the file of a cdk:asset-manifest artifact.
type assetManifest struct {
	Files map[string]struct {
		Source struct {
			Path string `json:"path"`
		} `json:"source"`
		Destinations map[string]struct {
			ObjectKey string `json:"objectKey"`
		} `json:"destinations"`
	} `json:"files"`
}

// Read reads the cloud assembly in a folder.
func Read(dir string) (*Assembly, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("read the cloud assembly: %w", err)
	}
	stacks, err := read(dir)
	if err != nil {
		return nil, fmt.Errorf("read the cloud assembly in %s: %w", dir, err)
	}
	if len(stacks) == 0 {
		return nil, fmt.Errorf("the cloud assembly in %s has no stack", dir)
	}
	return &Assembly{Dir: dir, Stacks: stacks}, nil
}

func read(dir string) ([]Stack, error) {
	var m manifest
	if err := readJSON(filepath.Join(dir, "manifest.json"), &m); err != nil {
		return nil, err
	}
	if len(m.Missing) > 0 {
		var keys []string
		for _, missing := range m.Missing {
			keys = append(keys, missing.Key)
		}
		return nil, fmt.Errorf("cdk.context.json lacks values that the app looks up in an "+
			"AWS account (%s): fill it once with: npx aws-cdk synth", strings.Join(keys, ", "))
	}
	var stacks []Stack
	for _, id := range m.sorted() {
		a := m.Artifacts[id]
		switch a.Type {
		case "aws:cloudformation:stack":
			stack, err := m.stack(dir, id)
			if err != nil {
				return nil, fmt.Errorf("stack %s: %w", id, err)
			}
			stacks = append(stacks, stack)
		case "cdk:cloud-assembly":
			nested, err := read(filepath.Join(dir, a.Properties.DirectoryName))
			if err != nil {
				return nil, fmt.Errorf("stage %s: %w", id, err)
			}
			stacks = append(stacks, nested...)
		}
	}
	return stacks, nil
}

// sorted returns the artifacts' ids, each after those that it depends on.
func (m manifest) sorted() []string {
	var order []string
	seen := map[string]bool{}
	var visit func(id string)
	visit = func(id string) {
		if seen[id] {
			return
		}
		seen[id] = true
		for _, dependency := range m.Artifacts[id].Dependencies {
			visit(dependency)
		}
		order = append(order, id)
	}
	for _, id := range slices.Sorted(maps.Keys(m.Artifacts)) {
		visit(id)
	}
	return order
}

// environment matches aws://ACCOUNT/REGION. What a stack leaves open is unknown-account or
// unknown-region.
var environment = regexp.MustCompile(`^aws://([^/]*)/([^/]*)$`)

func (m manifest) stack(dir, id string) (Stack, error) {
	a := m.Artifacts[id]
	s := Stack{Name: cmp.Or(a.Properties.StackName, id), Assets: map[string]string{}}
	if env := environment.FindStringSubmatch(a.Environment); env != nil {
		s.Account, s.Region = known(env[1]), known(env[2])
	}
	var err error
	if s.Template, err = os.ReadFile(filepath.Join(dir, a.Properties.TemplateFile)); err != nil {
		return s, fmt.Errorf("read its template: %w", err)
	}
	if s.Modules, err = a.modules(dir); err != nil {
		return s, err
	}
	for _, dependency := range a.Dependencies {
		dependency := m.Artifacts[dependency]
		if dependency.Type != "cdk:asset-manifest" {
			continue
		}
		if err := readAssets(filepath.Join(dir, dependency.Properties.File), s.Assets); err != nil {
			return s, err
		}
	}
	return s, nil
}

// modules returns the folders that pipelines name in their metadata.
func (a artifact) modules(dir string) ([]string, error) {
	entries := metadata{}
	if a.MetadataFile != "" {
		if err := readJSON(filepath.Join(dir, a.MetadataFile), &entries); err != nil {
			return nil, err
		}
	}
	maps.Copy(entries, a.Metadata)
	var folders []string
	for path, ofPath := range entries {
		for _, entry := range ofPath {
			if entry.Type != contract.ModuleMetadata {
				continue
			}
			var folder string
			if err := json.Unmarshal(entry.Data, &folder); err != nil {
				return nil, fmt.Errorf("the metadata of %s: %w", path, err)
			}
			folders = append(folders, folder)
		}
	}
	slices.Sort(folders)
	return slices.Compact(folders), nil
}

func known(value string) string {
	if strings.HasPrefix(value, "unknown-") {
		return ""
	}
	return value
}

// readAssets adds the files of an asset manifest to assets.
func readAssets(file string, assets map[string]string) error {
	var m assetManifest
	if err := readJSON(file, &m); err != nil {
		return err
	}
	for _, asset := range m.Files {
		for _, destination := range asset.Destinations {
			path := asset.Source.Path
			if !filepath.IsAbs(path) {
				path = filepath.Join(filepath.Dir(file), path)
			}
			assets[destination.ObjectKey] = path
		}
	}
	return nil
}

func readJSON(file string, into any) error {
	data, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s is missing: %w", filepath.Base(file), err)
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("parse %s: %w", filepath.Base(file), err)
	}
	return nil
}
