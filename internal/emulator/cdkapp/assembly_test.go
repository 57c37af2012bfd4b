package cdkapp

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestRead_ReturnsStacksInOrderOfDependencies(t *testing.T) {
	a, err := Read("testdata/stages")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range a.Stacks {
		names = append(names, s.Name)
	}
	if want := []string{"B", "app-a", "Prod-C"}; !slices.Equal(names, want) {
		t.Fatalf("stacks %v, want %v", names, want)
	}
	if b := a.Stacks[0]; b.Account != "111122223333" || b.Region != "eu-west-1" ||
		!strings.Contains(string(b.Template), `"B"`) {
		t.Errorf("stack B is %+v", b)
	}
	if a := a.Stacks[1]; a.Account != "" || a.Region != "" {
		t.Errorf(
			"stack A is in account %q, region %q, want neither",
			a.Account,
			a.Region,
		)
	}
}

func TestRead_ReturnsAssetsOfEachStack(t *testing.T) {
	a, err := Read("testdata/stages")
	if err != nil {
		t.Fatal(err)
	}
	if want := map[string]string{
		"abc.zip": filepath.Join(a.Dir, "asset.abc"),
	}; !maps.Equal(a.Stacks[1].Assets, want) {
		t.Errorf("A's assets %v, want %v", a.Stacks[1].Assets, want)
	}
	if want := map[string]string{
		"def.zip": filepath.Join(a.Dir, "asset.def"),
	}; !maps.Equal(a.Stacks[2].Assets, want) {
		t.Errorf("C's assets %v, want %v", a.Stacks[2].Assets, want)
	}
}

func TestRead_RejectsAStageThatIsNotInASubfolder(t *testing.T) {
	for _, folder := range []string{"", ".", "sub/..", "../x"} {
		dir := filepath.Join(t.TempDir(), "x")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		manifest := `{"artifacts": {"Prod": {"type": "cdk:cloud-assembly",
			"properties": {"directoryName": "` + folder + `"}}}}`
		err := os.WriteFile(filepath.Join(dir, "manifest.json"), []byte(manifest), 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Read(dir); err == nil || !strings.Contains(err.Error(), "subfolder") {
			t.Errorf("%q: got %v", folder, err)
		}
	}
}

func TestRead_ReturnsModulesInMetadata(t *testing.T) {
	a, err := Read("testdata/stages")
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range [][]string{{"/src/orders"}, {"/src/orders", "/src/returns"}, nil} {
		if got := a.Stacks[i].Modules; !slices.Equal(got, want) {
			t.Errorf("modules of stack %s: %q, want %q", a.Stacks[i].Name, got, want)
		}
	}
}

func TestRead_RejectsInvalidAssembly(t *testing.T) {
	tests := []struct{ name, manifest, want string }{
		{"no assembly", "", "file manifest.json is missing"},
		{"malformed", "{", "parse manifest.json"},
		{"no stack", `{"artifacts":{}}`, "has no stack"},
		{
			"no template",
			`{"artifacts":{"S":{"type":"aws:cloudformation:stack",
				"properties":{"templateFile":"S.json"}}}}`,
			"stack S: read the template",
		},
		{
			"no metadata",
			`{"artifacts":{"S":{"type":"aws:cloudformation:stack","additionalMetadataFile":"m.json",
				"properties":{"templateFile":"manifest.json"}}}}`,
			"stack S: file m.json is missing",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			if test.manifest != "" {
				err := os.WriteFile(
					filepath.Join(dir, "manifest.json"),
					[]byte(test.manifest),
					0o600,
				)
				if err != nil {
					t.Fatal(err)
				}
			}
			if _, err := Read(dir); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

// A LegacyStackSynthesizer describes assets in the stack's metadata.
func TestRead_ReturnsAssetsOfLegacySynthesizer(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"manifest.json": `{"artifacts": {"S": {"type": "aws:cloudformation:stack",
			"additionalMetadataFile": "m.json", "properties": {"templateFile": "t.json"}}}}`,
		"t.json": `{}`,
		"m.json": `{"/S": [
			{"type": "aws:cdk:asset", "data": {"path": "asset.1", "id": "1", "packaging": "zip",
				"s3BucketParameter": "B1", "s3KeyParameter": "K1", "artifactHashParameter": "H1"}},
			{"type": "aws:cdk:asset", "data": {"path": "/n.json", "id": "2", "packaging": "file",
				"s3BucketParameter": "B2", "s3KeyParameter": "K2", "artifactHashParameter": "H2"}},
			{"type": "aws:cdk:asset", "data": {"packaging": "container-image"}}
		]}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	a, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	s := a.Stacks[0]
	if want := map[string]string{
		"1.zip": filepath.Join(dir, "asset.1"), "2.json": "/n.json",
	}; !maps.Equal(s.Assets, want) {
		t.Errorf("assets %v, want %v", s.Assets, want)
	}
	if want := map[string]string{
		"B1": "cdktoolkit-stagingbucket", "K1": "||1.zip", "H1": "1",
		"B2": "cdktoolkit-stagingbucket", "K2": "||2.json", "H2": "2",
	}; !maps.Equal(s.AssetParameters, want) {
		t.Errorf("parameters %v, want %v", s.AssetParameters, want)
	}
}
