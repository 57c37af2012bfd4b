package test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/event-driven-cloud-platform/eventpipeline"

// shared lists the packages that every folder may reach. They import the standard library only.
var shared = []string{
	"internal/runtime/contract", "internal/runtime/jsonpointer", "internal/runtime/terminal",
}

// A room names a folder and the packages of this module that its packages may reach.
type room struct {
	folder   string
	mayReach []string
	why      string
}

// rooms lists the rules, beside which a package may reach its own folder and the shared packages.
// The first room that contains a package applies.
var rooms = []room{
	{"internal/runtime/pipeline", nil,
		"the domain is the same in Lambda, in the CLI and under test"},
	{"internal/runtime/jsonschema", nil,
		"the construct checks schemas with it and must not compile the runtime"},
	{"internal/runtime", nil,
		"source.go embeds this folder alone: the Lambdas' build has no other package"},
	{"functions", []string{"internal/runtime"},
		"a bootstrap contains only code that it runs"},
	{"processor", []string{"internal/runtime", "internal/cli/stdio"},
		"a user's worker runs the platform's code; replay --compare talks to it by stdio"},
	{"internal/cli", []string{"internal/runtime"},
		"the CLI uses the domain and its adapters"},
	{"internal/emulator", []string{"internal/cli/lockfile"},
		"the emulator learns about the pipeline from the template only"},
	{"cmd/eventpipeline", []string{"internal/runtime", "internal/cli", "internal/emulator"},
		"the CLI runs the CDK app as a process, so it works for any app and starts fast"},
	{"constructs", []string{"", "internal/runtime/jsonschema"},
		"an app that uses the construct must not compile the runtime or the emulator"},
	{"stacks", []string{"", "constructs", "internal/runtime/jsonschema"},
		"as for the construct"},
	{"cmd/app", []string{"", "constructs", "stacks", "internal/runtime/jsonschema"},
		"as for the construct"},
	{"internal/testing", []string{"internal/runtime"},
		"fakes implement the domain's ports"},
	{"test", []string{"", "constructs", "stacks", "processor", "internal", "cmd"},
		"tests may reach everything"},
	{"", nil,
		"the root package only embeds sources"},
}

// bans lists the modules that a folder's packages must not link.
var bans = []struct {
	folder  string
	modules []string
	why     string
}{
	{"internal/runtime/pipeline", []string{"github.com", "golang.org", "gopkg.in"},
		"the domain imports the standard library only"},
	{"internal/runtime/contract", []string{"github.com", "golang.org", "gopkg.in"},
		"shared packages import the standard library only"},
	{"internal/runtime/jsonpointer", []string{"github.com", "golang.org", "gopkg.in"},
		"shared packages import the standard library only"},
	{"internal/runtime/terminal", []string{"github.com", "golang.org", "gopkg.in"},
		"shared packages import the standard library only"},
	{"functions", []string{"github.com/santhosh-tekuri", "golang.org/x/text"},
		"the schema compiler slows cold starts: a build tag links it if a pipeline has schemas"},
	{"functions/api", []string{"github.com/aws/aws-sdk-go-v2/service/eventbridge"},
		"the API publishes nothing, and each client slows cold starts"},
	{"functions", []string{"github.com/spf13", "github.com/go-jose"},
		"bootstraps link only what they run"},
	{"processor", []string{"github.com/santhosh-tekuri", "github.com/spf13", "github.com/go-jose"},
		"as for functions"},
	{"constructs", []string{"github.com/aws/aws-sdk-go-v2"},
		"synth calls no service"},
	{"stacks", []string{"github.com/aws/aws-sdk-go-v2"},
		"synth calls no service"},
	{"cmd/eventpipeline", []string{"github.com/aws/aws-cdk-go", "github.com/aws/jsii-runtime-go"},
		"the CLI runs the CDK app as a process"},
	{"cmd/app", []string{"github.com/cdklabs/cdk-nag-go"},
		"cdk-nag is for tests: an app chooses its own version"},
}

func TestImports_StayInTheirRooms(t *testing.T) {
	for path, dependencies := range packages(t) {
		i := slices.IndexFunc(rooms, func(r room) bool { return within(path, r.folder) })
		if i < 0 {
			t.Errorf("%s is in no room: add its folder to the rules", path)
			continue
		}
		rule := rooms[i]
		reachable := slices.Concat([]string{rule.folder}, shared, rule.mayReach)
		for _, dependency := range dependencies {
			if !within(dependency, module) {
				continue
			}
			dependency = strings.TrimPrefix(strings.TrimPrefix(dependency, module), "/")
			isReachable := func(folder string) bool { return within(dependency, folder) }
			if !slices.ContainsFunc(reachable, isReachable) {
				t.Errorf("%s reaches %s: %s", path, dependency, rule.why)
			}
		}
	}
}

func TestImports_LeaveOutModules(t *testing.T) {
	all := packages(t)
	for _, ban := range bans {
		for path, dependencies := range all {
			if !within(path, ban.folder) {
				continue
			}
			for _, dependency := range dependencies {
				isBanned := func(banned string) bool { return within(dependency, banned) }
				if !within(dependency, module) && slices.ContainsFunc(ban.modules, isBanned) {
					t.Errorf("%s links %s: %s", path, dependency, ban.why)
				}
			}
		}
	}
}

// within reports whether a path is a folder or inside it. The folder "" has only the root package.
func within(path, folder string) bool {
	return path == folder || folder != "" && strings.HasPrefix(path, folder+"/")
}

// packages returns the packages of the module, by their path in it, with all their dependencies.
func packages(t *testing.T) map[string][]string {
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
