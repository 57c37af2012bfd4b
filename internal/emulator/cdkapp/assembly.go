// Package cdkapp runs a CDK app in the same way as the CDK CLI. It reads the cloud assembly that
// the app writes: the stacks, the templates and the folders of the assets.
package cdkapp

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

// Assembly represents a cloud assembly.
type Assembly struct {
	Dir     string
	Stacks  []Stack  // a stack comes after the stacks on which it depends
	Lookups []Lookup // values that the app looks up, replaced with placeholders
}

// Stack represents a stack of the app or of one of its stages.
type Stack struct {
	Name     string
	Account  string            // "" if the stack sets no account
	Region   string            // "" if the stack sets no region
	Template []byte            // CloudFormation template in JSON
	Assets   map[string]string // S3 object key → path of the folder or file
	// AssetParameters holds the values of asset parameters by parameter name. A value contains an
	// asset's bucket, key or hash. Only a stack with a LegacyStackSynthesizer has asset parameters.
	AssetParameters map[string]string
	Modules         []string // folders of the Go modules with the pipelines' custom workers
}

// manifest holds the fields of manifest.json that this package uses.
type manifest struct {
	Artifacts map[string]artifact `json:"artifacts"`
	Missing   []missing           `json:"missing"`
}

type artifact struct {
	Type         string   `json:"type"`
	Environment  string   `json:"environment"`
	Dependencies []string `json:"dependencies"`
	Metadata     metadata `json:"metadata"`
	MetadataFile string   `json:"additionalMetadataFile"` // file with more metadata
	Properties   struct {
		TemplateFile  string `json:"templateFile"`  // only for a stack
		StackName     string `json:"stackName"`     // only for a stack
		File          string `json:"file"`          // only for an asset manifest
		DirectoryName string `json:"directoryName"` // only for a nested assembly
	} `json:"properties"`
}

// metadata maps the path of a construct to the construct's metadata entries.
type metadata map[string][]struct {
	Type string          `json:"type"`
	Data json.RawMessage `json:"data"`
}

// assetManifest holds the fields of an asset manifest that this package uses.
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
	a := &Assembly{Dir: dir}
	if err := a.read(dir); err != nil {
		return nil, fmt.Errorf("read the cloud assembly in %s: %w", dir, err)
	}
	if len(a.Stacks) == 0 {
		return nil, fmt.Errorf("the cloud assembly in %s has no stack; add a stack to the app", dir)
	}
	return a, nil
}

// read adds the stacks and look-ups of the assembly in a folder. It also reads the nested
// assemblies.
func (a *Assembly) read(dir string) error {
	var m manifest
	if err := readJSON(filepath.Join(dir, "manifest.json"), &m); err != nil {
		return err
	}
	for _, id := range m.sortedIDs() {
		artifact := m.Artifacts[id]
		switch artifact.Type {
		case "aws:cloudformation:stack":
			stack, err := m.stack(dir, id)
			if err != nil {
				return fmt.Errorf("stack %s: %w", id, err)
			}
			a.Stacks = append(a.Stacks, stack)
		case "cdk:cloud-assembly":
			nested := filepath.Join(dir, artifact.Properties.DirectoryName)
			if !strings.HasPrefix(nested, dir+string(filepath.Separator)) { // may read dir again
				return fmt.Errorf("stage %s: directoryName must be a subfolder, got %q", id,
					artifact.Properties.DirectoryName)
			}
			if err := a.read(nested); err != nil {
				return fmt.Errorf("stage %s: %w", id, err)
			}
		}
	}
	for _, missing := range m.Missing {
		isNew := !slices.ContainsFunc(a.Lookups, func(l Lookup) bool {
			return l.Key == missing.Key
		})
		if isNew { // a manifest repeats the look-ups of nested assemblies
			a.Lookups = append(a.Lookups, missing.lookup())
		}
	}
	return nil
}

// sortedIDs returns the ids of the artifacts. An artifact comes after the artifacts on which it
// depends.
func (m manifest) sortedIDs() []string {
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

// environment matches aws://ACCOUNT/REGION. If a stack sets no account or no region, the CDK writes
// unknown-account or unknown-region.
var environment = regexp.MustCompile(`^aws://([^/]*)/([^/]*)$`)

func (m manifest) stack(dir, id string) (Stack, error) {
	a := m.Artifacts[id]
	s := Stack{
		Name:   cmp.Or(a.Properties.StackName, id),
		Assets: map[string]string{}, AssetParameters: map[string]string{},
	}
	if env := environment.FindStringSubmatch(a.Environment); env != nil {
		s.Account, s.Region = knownOrEmpty(env[1]), knownOrEmpty(env[2])
	}
	var err error
	if s.Template, err = os.ReadFile(filepath.Join(dir, a.Properties.TemplateFile)); err != nil {
		return s, fmt.Errorf("read the template: %w", err)
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
	entries := metadata{}
	if a.MetadataFile != "" {
		if err := readJSON(filepath.Join(dir, a.MetadataFile), &entries); err != nil {
			return s, err
		}
	}
	maps.Copy(entries, a.Metadata)
	return s, s.readMetadata(dir, entries)
}

// readMetadata reads the metadata of the stack's constructs.
func (s *Stack) readMetadata(dir string, entries metadata) error {
	for path, ofPath := range entries {
		for _, entry := range ofPath {
			var err error
			switch entry.Type {
			case contract.ModuleMetadata:
				var folder string
				err = protocol.Decode(entry.Data, &folder)
				s.Modules = append(s.Modules, folder)
			case "aws:cdk:asset":
				var a legacyAsset
				err = protocol.Decode(entry.Data, &a)
				s.addLegacyAsset(dir, a)
			}
			if err != nil {
				return fmt.Errorf("parse the metadata of construct %s: %w", path, err)
			}
		}
	}
	slices.Sort(s.Modules)
	s.Modules = slices.Compact(s.Modules)
	return nil
}

// legacyAsset holds the metadata of an asset in a stack with a LegacyStackSynthesizer. Parameters
// of the stack receive the asset's bucket and key.
type legacyAsset struct {
	Path            string `json:"path"`
	ID              string `json:"id"`
	Packaging       string `json:"packaging"`
	BucketParameter string `json:"s3BucketParameter"`
	KeyParameter    string `json:"s3KeyParameter"`
	HashParameter   string `json:"artifactHashParameter"`
}

func (s *Stack) addLegacyAsset(dir string, a legacyAsset) {
	if a.Packaging != "zip" && a.Packaging != "file" {
		return // the local platform runs no container images
	}
	key := a.ID + ".zip"
	if a.Packaging == "file" {
		key = a.ID + filepath.Ext(a.Path)
	}
	s.Assets[key] = absolutePath(dir, a.Path)
	s.AssetParameters[a.BucketParameter] = "cdktoolkit-stagingbucket"
	s.AssetParameters[a.KeyParameter] = "||" + key // PREFIX||NAME, where the prefix is empty
	s.AssetParameters[a.HashParameter] = a.ID
}

func absolutePath(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// knownOrEmpty returns an account or a region of a manifest. It returns "" for unknown-account and
// unknown-region.
func knownOrEmpty(value string) string {
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
			assets[destination.ObjectKey] = absolutePath(filepath.Dir(file), asset.Source.Path)
		}
	}
	return nil
}
