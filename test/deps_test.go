package test

import (
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/event-driven-cloud-platform/eventpipeline"

// rules say which packages may not be reached from which, and why. Paths ending in /... mean all below.
var rules = []struct {
	from   string
	banned []string
	why    string
}{
	{"internal/runtime/pipeline", []string{"github.com/...", "golang.org/...", "gopkg.in/...", module + "/..."},
		"the domain knows no AWS: it must run in Lambda, in the CLI and under test alike"},
	{"internal/runtime/jsonpointer", []string{"github.com/..."}, "any package may import it"},
	{"internal/runtime/contract", []string{"github.com/...", module + "/..."},
		"the CDK side and the runtime side share it, and must not come to share more"},
	{"functions/...", []string{"github.com/aws/aws-cdk-go/...", "github.com/aws/jsii-runtime-go", "github.com/spf13/...", "github.com/go-jose/...", module + "/internal/emulator/...", module + "/constructs/...", module + "/internal/testing/inmem"},
		"a bootstrap links only what it runs: each megabyte is cold-start time"},
	{"functions/api", []string{"github.com/aws/aws-sdk-go-v2/service/eventbridge"},
		"the API tells the bus nothing, so it must not pay for the bus's client"},
	{"functions/...", []string{"github.com/santhosh-tekuri/...", "golang.org/x/text/..."},
		"schemas cost every start of a function: only a pipeline that has some links what compiles them, by a build tag"},
	{"processor/...", []string{"github.com/aws/aws-cdk-go/...", "github.com/aws/jsii-runtime-go", "github.com/spf13/...", "github.com/santhosh-tekuri/...", module + "/internal/emulator/...", module + "/constructs/...", module + "/internal/testing/inmem"},
		"a user's worker links what the platform's own does, and its tests need no more"},
	{"functions/...", []string{module + "/processor/..."},
		"the platform's functions are built of what source.go embeds, and need no public package"},
	{"internal/runtime/jsonschema", []string{module + "/..."},
		"the construct checks schemas by it, and must not compile the runtime"},
	{"constructs/...", []string{"github.com/aws/aws-sdk-go-v2/...", module + "/internal/runtime/pipeline", module + "/internal/runtime/handler", module + "/internal/runtime/function/...", module + "/processor/...", module + "/internal/emulator/..."},
		"synthesizing calls no service; a consumer of the construct must not compile the runtime"},
	{"cmd/app", []string{"github.com/cdklabs/cdk-nag-go/..."},
		"cdk-nag is for the tests: who uses the construct runs the version of their choice"},
	{"stacks", []string{"github.com/aws/aws-sdk-go-v2/...", module + "/internal/emulator/..."},
		"synthesizing calls no service"},
	{"cmd/eventpipeline", []string{"github.com/aws/aws-cdk-go/...", "github.com/aws/jsii-runtime-go"},
		"the CLI runs the CDK app as a process, so that it works for any app and starts at once"},
}

func TestImports_GoOneWay(t *testing.T) {
	for _, rule := range rules {
		for _, dependency := range dependencies(t, "./../"+rule.from) {
			if leaf := strings.TrimPrefix(dependency, module+"/internal/runtime/"); leaf == "contract" || leaf == "jsonpointer" {
				continue // any package may import them: they import the standard library only
			}
			for _, banned := range rule.banned {
				if matches(dependency, banned) && !strings.HasPrefix(dependency, module+"/"+strings.TrimSuffix(rule.from, "/...")) {
					t.Errorf("%s reaches %s: %s", rule.from, dependency, rule.why)
				}
			}
		}
	}
}

func matches(path, pattern string) bool {
	if prefix, below := strings.CutSuffix(pattern, "/..."); below {
		return path == prefix || strings.HasPrefix(path, prefix+"/")
	}
	return path == pattern
}

// dependencies lists every package that the given ones are built from.
func dependencies(t *testing.T, packages string) []string {
	t.Helper()
	out, err := exec.Command("go", "list", "-deps", packages).CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	return strings.Fields(string(out))
}
