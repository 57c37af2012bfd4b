package reuse

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// consumer represents an app in another module.
type consumer struct {
	dir string
	env []string // added to the test's environment
}

// documentedCommands returns the commands in docs/reuse.md that add the published module to an
// example.
func documentedCommands(t *testing.T) []string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, "docs", "reuse.md"))
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```sh\n(go mod edit.*?)```").FindSubmatch(content)
	if block == nil {
		t.Fatal("docs/reuse.md must have a block of commands that begins with go mod edit")
	}
	text := strings.ReplaceAll(string(block[1]), "\\\n", "")
	commands := regexp.MustCompile(`(?m)^go (.+)$`).FindAllStringSubmatch(text, -1)
	if len(commands) != 2 {
		t.Fatalf("docs/reuse.md must have two commands, got %q", commands)
	}
	return []string{commands[0][1], commands[1][1]}
}

// newConsumer returns a copy of examples/minimal that uses the published module.
func newConsumer(t *testing.T, source publishedModule) consumer {
	t.Helper()
	// Some tests change HOME, but must still use the caches of this user.
	caches := []string{"GOCACHE=" + goEnv(t, "GOCACHE"), "GOMODCACHE=" + goEnv(t, "GOMODCACHE")}
	example := consumer{filepath.Join(root, "examples", "minimal"),
		appendEnv(source.env, caches...)}
	app := example.copy(t)
	for _, command := range documentedCommands(t) {
		app.mustRun(t, "go", strings.Fields(command)...)
	}
	return app
}

func (c consumer) copy(t *testing.T) consumer {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(c.dir)); err != nil {
		t.Fatal(err)
	}
	return consumer{dir, c.env}
}

func (c consumer) mustRun(t *testing.T, name string, args ...string) {
	t.Helper()
	if err := run(c.dir, c.env, name, args...); err != nil {
		t.Fatal(err)
	}
}

// jsiiCache returns the folder into which jsii unpacks packages. If that folder does not exist, it
// returns an empty folder. With an unpacked CDK, a test saves half a minute.
func jsiiCache(t *testing.T) string {
	t.Helper()
	home, err := os.UserHomeDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(home, ".cache", "aws", "jsii", "package-cache")
	if _, err := os.Stat(dir); err != nil {
		return t.TempDir()
	}
	return dir
}

// assetHashes maps the description of each pipeline function to the hash of the function's asset.
type assetHashes map[string]string

// synthesize runs a CDK app as the CDK CLI does. It returns the asset hashes of the functions.
func synthesize(
	dir, out string, env []string, name string, args ...string,
) (assetHashes, error) {
	env = appendEnv(env, "CDK_OUTDIR="+out, "CDK_VALIDATION=false",
		"JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=20")
	if err := run(dir, env, name, args...); err != nil {
		return nil, err
	}
	templates, err := filepath.Glob(filepath.Join(out, "*.template.json"))
	if err != nil || len(templates) != 1 {
		return nil, fmt.Errorf("want one template, got %v, %v", templates, err)
	}
	content, err := os.ReadFile(templates[0])
	if err != nil {
		return nil, err
	}
	return readAssetHashes(content, out)
}

func readAssetHashes(template []byte, assembly string) (assetHashes, error) {
	var stack struct {
		Resources map[string]struct {
			Type       string
			Properties json.RawMessage
		}
	}
	if err := json.Unmarshal(template, &stack); err != nil {
		return nil, err
	}
	found := assetHashes{}
	for id, resource := range stack.Resources {
		if resource.Type != "AWS::Lambda::Function" {
			continue
		}
		var function struct {
			Description, Runtime string
			Code                 struct{ S3Key string }
		}
		if err := json.Unmarshal(resource.Properties, &function); err != nil {
			return nil, fmt.Errorf("read %s: %w", id, err)
		}
		hash := strings.TrimSuffix(function.Code.S3Key, ".zip")
		if _, err := os.Stat(filepath.Join(assembly, "asset."+hash, "bootstrap")); err != nil {
			return nil, fmt.Errorf("%s has no bootstrap: %w", id, err)
		}
		found[function.Description] = hash
	}
	if len(found) != 3 {
		return nil, fmt.Errorf("want the API, worker and reconciler functions, got %v", found)
	}
	return found, nil
}

func run(dir string, env []string, name string, args ...string) error {
	command := exec.Command(name, args...)
	command.Dir, command.Env = dir, append(os.Environ(), env...)
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s in %s: %w\n%s", name, strings.Join(args, " "), dir, err, out)
	}
	return nil
}

// appendEnv returns a copy of env with more variables. The last value of a variable applies.
func appendEnv(env []string, set ...string) []string {
	return slices.Concat(env, set)
}
