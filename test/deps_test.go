package test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/event-driven-cloud-platform/eventpipeline"

// jsonModule is a JSON library that compares names exactly. Every package may depend on it. In Go
// 1.27, the standard library contains this library.
const jsonModule = "github.com/go-json-experiment/json"

// sharedPackages lists the packages on which every package may depend. They import only the
// standard library.
var sharedPackages = []string{
	"internal/runtime/contract", "internal/runtime/jsonpointer", "internal/runtime/lazyregexp",
	"internal/runtime/parallel", "internal/runtime/terminal", "internal/runtime/violation",
}

// folderRule lists the packages of this module on which a folder's packages may depend, directly or
// indirectly.
type folderRule struct {
	folder      string
	mayDependOn []string
	reason      string
}

// folderRules lists the allowed dependencies of each folder's packages. The first rule that matches
// a package applies. A package may always depend on the rule's own folder and on the shared
// packages.
var folderRules = []folderRule{
	{"internal/runtime/pipeline", nil,
		"the domain must not know whether it runs in Lambda, in the CLI or in a test"},
	{"internal/runtime/jsonschema", nil,
		"the construct uses this package, and must not compile the rest of the runtime"},
	{"internal/runtime/webhook", nil,
		"the construct uses this package, and must not compile the rest of the runtime"},
	{"internal/runtime", nil,
		"the Lambda functions are built from this folder alone, which source.go embeds"},
	{"functions", []string{"internal/runtime"},
		"a Lambda function should contain only code that it runs"},
	{"processor", []string{"internal/runtime", "internal/cli/stdio"},
		"a user's worker runs the platform's code; replay --compare sends it events over stdin"},
	{"client", nil,
		"a user's program should contain only code that sends events"},
	{"internal/cli/console",
		[]string{"internal/runtime", "internal/cli", "internal/emulator/activity",
			"internal/emulator/store"},
		"the console shows the steps that the emulator records, and keeps them in a file"},
	{"internal/cli", []string{"internal/runtime"},
		"the CLI uses the domain and its adapters"},
	{"internal/emulator", []string{"internal/cli/lockfile"},
		"the emulator must know the pipeline only from the template"},
	{"cmd/eventpipeline",
		[]string{"client", "internal/runtime", "internal/cli", "internal/emulator"},
		"the CLI runs the CDK app as a process, so it works for any app and starts fast"},
	{"constructs", []string{"", "internal/runtime/jsonschema", "internal/runtime/webhook"},
		"an app that uses the construct must not compile the runtime or the emulator"},
	{"stacks",
		[]string{"", "constructs", "internal/runtime/jsonschema", "internal/runtime/webhook"},
		"stacks use the construct, so the rule of the construct applies"},
	{"cmd/app",
		[]string{
			"", "constructs", "stacks", "internal/runtime/jsonschema", "internal/runtime/webhook",
		},
		"the app uses the construct, so the rule of the construct applies"},
	{"internal/testing", []string{"internal/runtime"},
		"fakes implement interfaces of the domain"},
	{"test", []string{"", "client", "constructs", "stacks", "processor", "internal", "cmd"},
		"tests may depend on everything"},
	{"", nil,
		"the root package only embeds sources"},
}

// forbiddenModules lists import paths for each folder. The folder's packages must not depend on
// these paths or on paths below them, directly or indirectly.
var forbiddenModules = []struct {
	folder  string
	modules []string
	reason  string
}{
	{"internal/runtime/pipeline", []string{"github.com", "golang.org", "gopkg.in"},
		"the domain imports only the standard library and jsonModule"},
	{"internal/runtime/contract", []string{"github.com", "golang.org", "gopkg.in"},
		"shared packages import the standard library only"},
	{"internal/runtime/jsonpointer", []string{"github.com", "golang.org", "gopkg.in"},
		"shared packages import the standard library only"},
	{"internal/runtime/lazyregexp", []string{"github.com", "golang.org", "gopkg.in"},
		"shared packages import the standard library only"},
	{"internal/runtime/parallel", []string{"github.com", "golang.org", "gopkg.in"},
		"shared packages import the standard library only"},
	{"internal/runtime/terminal", []string{"github.com", "golang.org", "gopkg.in"},
		"shared packages import the standard library only"},
	{"internal/runtime/violation", []string{"github.com", "golang.org", "gopkg.in"},
		"shared packages import the standard library only"},
	{"functions", []string{"github.com/santhosh-tekuri", "golang.org/x/text"},
		"the schema compiler slows cold starts: a build tag links it if a pipeline has schemas"},
	{"functions/api", []string{"github.com/aws/aws-sdk-go-v2/service/eventbridge"},
		"the API function publishes no events, and each AWS client slows cold starts"},
	{"functions", []string{"github.com/spf13", "github.com/go-jose"},
		"a Lambda function should contain only code that it runs"},
	{"processor", []string{"github.com/santhosh-tekuri", "github.com/spf13", "github.com/go-jose"},
		"a Lambda function should contain only code that it runs"},
	{"client", []string{
		"github.com/aws/aws-cdk-go", "github.com/aws/aws-lambda-go",
		"github.com/aws/aws-sdk-go-v2/config", "github.com/aws/aws-sdk-go-v2/credentials",
		"github.com/aws/aws-sdk-go-v2/service", "github.com/spf13",
	},
		"a user's program should contain only code that sends events, and the signer of the SDK"},
	{"constructs", []string{"github.com/aws/aws-sdk-go-v2"},
		"synth makes no AWS call"},
	{"stacks", []string{"github.com/aws/aws-sdk-go-v2"},
		"synth makes no AWS call"},
	{"cmd/eventpipeline", []string{"github.com/aws/aws-cdk-go", "github.com/aws/jsii-runtime-go"},
		"the CLI runs the CDK app as a process"},
	{"cmd/app", []string{"github.com/cdklabs/cdk-nag-go"},
		"only tests use cdk-nag, so that a user's app can choose its own version"},
}

func TestImports_FollowTheFolderRules(t *testing.T) {
	for path, dependencies := range dependencies(t) {
		contains := func(r folderRule) bool { return within(path, r.folder) }
		i := slices.IndexFunc(folderRules, contains)
		if i < 0 {
			t.Errorf("%s has no rule: add its folder to folderRules", path)
			continue
		}
		rule := folderRules[i]
		allowed := slices.Concat([]string{rule.folder}, sharedPackages, rule.mayDependOn)
		for _, dependency := range dependencies {
			if !within(dependency, module) {
				continue
			}
			dependency = strings.TrimPrefix(strings.TrimPrefix(dependency, module), "/")
			isAllowed := func(folder string) bool { return within(dependency, folder) }
			if !slices.ContainsFunc(allowed, isAllowed) {
				t.Errorf("%s must not depend on %s: %s", path, dependency, rule.reason)
			}
		}
	}
}

func TestImports_AvoidForbiddenModules(t *testing.T) {
	all := dependencies(t)
	for _, rule := range forbiddenModules {
		for path, dependencies := range all {
			if !within(path, rule.folder) {
				continue
			}
			for _, dependency := range dependencies {
				isBanned := func(banned string) bool { return within(dependency, banned) }
				isOwn := within(dependency, module) || within(dependency, jsonModule)
				if !isOwn && slices.ContainsFunc(rule.modules, isBanned) {
					t.Errorf("%s must not depend on %s: %s", path, dependency, rule.reason)
				}
			}
		}
	}
}

// within reports whether a path is the folder or is inside it. The folder "" contains only the root
// package.
func within(path, folder string) bool {
	return path == folder || folder != "" && strings.HasPrefix(path, folder+"/")
}

// dependencies returns the direct and indirect dependencies of each package. The map's keys are the
// paths of the packages in this module.
func dependencies(t *testing.T) map[string][]string {
	t.Helper()
	format := `{{.ImportPath}}{{range .Deps}} {{.}}{{end}}`
	out, err := exec.Command("go", "list", "-f", format, "../...").CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	found := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		path := strings.TrimPrefix(strings.TrimPrefix(fields[0], module), "/")
		found[path] = fields[1:]
	}
	return found
}
