package eventpipeline_test

import (
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/aws/jsii-runtime-go/runtime"
	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/stacks"
	"github.com/event-driven-cloud-platform/eventpipeline/test/synth"
)

// The version of cdk-nag on npm, and the SHA-512 of its package.
const (
	nagVersion = "2.38.2"
	nagSHA512  = "0dd8a6d6bf08c003d09fde4a076a306c7a14e181ef7878383df33e93b4dd7003" +
		"6a7d59a81de9ba71314ca5c22ea03335e8191043ec6c871631660700a1e54a1b"
)

// nagPacks lists the packs of rules. Each resource of each stage must follow every rule, or
// suppress it with a reason.
var nagPacks = map[string]runtime.FQN{
	"AwsSolutions": "cdk-nag.AwsSolutionsChecks",
	"Serverless":   "cdk-nag.ServerlessChecks",
}

func TestNag_ReportsNoFinding(t *testing.T) {
	for _, name := range synth.Stages {
		for _, f := range nagFindings(t, nagStack(t, name)) {
			t.Errorf("stage %s: %s", name, f)
		}
	}
}

// The test also fails if a suppression has no reason; see removeSuppressions.
func TestNag_EachSuppressionMatchesAFinding(t *testing.T) {
	for _, name := range synth.Stages {
		stack := nagStack(t, name)
		accepted := removeSuppressions(t, stack)
		for pack := range nagPacks {
			if !slices.ContainsFunc(accepted, func(s string) bool {
				return strings.Contains(s, " "+pack)
			}) {
				t.Errorf("stage %s must have suppressions of %s", name, pack)
			}
		}
		if diff := cmp.Diff(accepted, nagFindings(t, stack)); diff != "" {
			t.Errorf("stage %s (-suppressed +found):\n%s", name, diff)
		}
	}
}

// The test ignores findings about existing resources, which the pipeline does not configure.
func TestNag_ReportsNoFindingWithExistingResources(t *testing.T) {
	stack := awscdk.NewStack(
		synth.NewApp(t, map[string]any{"@aws-cdk/core:annotationsInValidationReport": false}),
		jsii.String("Stack"),
		nil,
	)
	synth.Must(t, func() error {
		eventpipeline.NewEventPipeline(
			stack, jsii.String("EventPipeline"), existingResources(stack))
		return nil
	})
	for _, f := range nagFindings(t, stack) {
		if strings.HasPrefix(f, "/Stack/EventPipeline/") {
			t.Error(f)
		}
	}
}

// nagStack returns a stage's stack. In this stage, the errors that cdk-nag reports do not fail the
// synthesis.
func nagStack(t *testing.T, name string) awscdk.Stack {
	t.Helper()
	app := synth.NewApp(t, map[string]any{"@aws-cdk/core:annotationsInValidationReport": false})
	var stack awscdk.Stack
	synth.Must(t, func() (err error) { stack, err = stacks.New(app, name); return err })
	return stack
}

// checks is an aspect that applies a pack to each construct.
type checks struct{ _ byte }

func (c *checks) Visit(node constructs.IConstruct) { runtime.InvokeVoid(c, "visit", []any{node}) }

var ruleID = regexp.MustCompile(`\w+-\w+`)

// nagFindings returns the packs' errors and warnings about a stack. Each consists of a path and a
// rule.
func nagFindings(t *testing.T, stack awscdk.Stack) []string {
	t.Helper()
	if err := loadNag(); err != nil {
		t.Fatal(err)
	}
	var found []string
	synth.Must(t, func() error {
		for _, pack := range nagPacks {
			aspect := &checks{}
			runtime.Create(pack, nil, aspect)
			awscdk.Aspects_Of(stack).Add(aspect, nil)
		}
		annotations := assertions.Annotations_FromStack(stack)
		for pack := range nagPacks {
			pattern := assertions.Match_StringLikeRegexp(jsii.String(pack + "-.*"))
			for _, e := range slices.Concat(*annotations.FindError(jsii.String("*"), pattern),
				*annotations.FindWarning(jsii.String("*"), pattern)) {
				//lint:ignore SA1019 the assertions module returns no other type
				id, entry := *e.Id, e.Entry
				found = append(found, id+" "+ruleID.FindString(fmt.Sprint(entry.Data)))
			}
		}
		return nil
	})
	slices.Sort(found)
	return slices.Compact(found)
}

// removeSuppressions removes all suppressions from a stack, and checks that each has a reason. It
// returns the suppressions in the same format as nagFindings.
func removeSuppressions(t *testing.T, stack awscdk.Stack) []string {
	t.Helper()
	var accepted []string
	synth.Must(t, func() error {
		for _, construct := range *stack.Node().FindAll(constructs.ConstructOrder_PREORDER) {
			resource, ok := construct.(awscdk.CfnResource)
			if !ok {
				continue
			}
			metadata, ok := resource.GetMetadata(jsii.String("cdk_nag")).(map[string]any)
			if !ok {
				continue
			}
			for _, r := range metadata["rules_to_suppress"].([]any) {
				rule := r.(map[string]any)
				if reason, _ := rule["reason"].(string); len(reason) < 40 {
					t.Errorf("%s: %v needs a reason, got %q",
						*resource.Node().Path(), rule["id"], reason)
				}
				accepted = append(accepted, "/"+*resource.Node().Path()+" "+rule["id"].(string))
			}
			resource.AddMetadata(
				jsii.String("cdk_nag"), map[string]any{"rules_to_suppress": []any{}})
		}
		return nil
	})
	slices.Sort(accepted)
	return slices.Compact(accepted)
}

// loadNag loads cdk-nag from npm into jsii. The Go module of cdk-nag lacks the Serverless pack.
var loadNag = sync.OnceValue(func() error {
	tarball, err := nagFromNPM()
	if err == nil {
		runtime.Load("cdk-nag", nagVersion, tarball)
	}
	return err
})

// nagFromNPM returns the npm package of cdk-nag. It keeps the package in the user's cache.
func nagFromNPM() ([]byte, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(cache, "eventpipeline", "npm")
	file := filepath.Join(dir, "cdk-nag-"+nagVersion+".tgz")
	if tarball, err := os.ReadFile(file); err == nil && isNag(tarball) {
		return tarball, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	npm := exec.Command("npm", "pack", "--silent", "--pack-destination", dir, "cdk-nag@"+nagVersion)
	if out, err := npm.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("npm pack cdk-nag: %w\n%s", err, out)
	}
	tarball, err := os.ReadFile(file)
	if err == nil && !isNag(tarball) {
		err = fmt.Errorf("%s must be the reviewed package, got another checksum", file)
	}
	return tarball, err
}

// isNag reports whether the package has the checksum of the reviewed version.
func isNag(tarball []byte) bool {
	sum := sha512.Sum512(tarball)
	return hex.EncodeToString(sum[:]) == nagSHA512
}
