package emulator

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cloudformation"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/iam"
)

// The stages' templates, and that of a pipeline with KMS keys, which the tests of the templates
// hold to what is synthesized.
const (
	devTemplate  = "../../test/templates/testdata/dev.template.json"
	prodTemplate = "../../test/templates/testdata/prod.template.json"
	keysTemplate = "../../test/templates/testdata/keys.template.json"
)

// With the rights that the template gives, all that the functions are for works.
func TestRights_AreEnough(t *testing.T) {
	for _, file := range []string{devTemplate, keysTemplate} {
		if what := stopsWorking(t, readTemplate(t, file)); what != "" {
			t.Errorf("%s: %s", file, what)
		}
	}
}

// Each right is needed: without it something stops working.
func TestRights_AreAllNeeded(t *testing.T) {
	for _, r := range rightsIn(t, devTemplate) {
		t.Run(r.String(), func(t *testing.T) { isNeeded(t, devTemplate, r) })
	}
	for _, r := range rightsIn(t, keysTemplate) {
		if strings.HasPrefix(r.action, "kms:") { // the others are the dev stage's
			t.Run(r.String(), func(t *testing.T) { isNeeded(t, keysTemplate, r) })
		}
	}
}

func isNeeded(t *testing.T, file string, r right) {
	t.Parallel()
	changed := readTemplate(t, file)
	r.remove(changed)
	what := stopsWorking(t, changed)
	if what == "" {
		t.Errorf("%s is not needed: take it from constructs/eventpipeline/grants.go", r)
	}
	if _, operation, _ := strings.Cut(r.action, ":"); !strings.Contains(what, operation) {
		t.Errorf("%s is not why: %s", r.action, what)
	}
}

// The keys' own policies are needed as well, and let services use them for the pipeline's log
// groups and bus alone.
func TestRights_OfKeysPoliciesAreNeeded(t *testing.T) {
	for key, want := range map[string]string{
		"LogKey":    "logs.us-east-1.amazonaws.com is not authorized to perform: kms:GenerateDataKey",
		"BusKey":    "events.amazonaws.com is not authorized to perform: kms:GenerateDataKey",
		"BronzeKey": "to perform: kms:GenerateDataKey",
	} {
		for name, change := range map[string]func(statements []any) []any{
			"without the last statement": func(s []any) []any { return s[:len(s)-1] },
			"for others": func(s []any) []any {
				text, err := json.Marshal(s)
				if err != nil {
					t.Fatal(err)
				}
				var changed []any
				others := strings.NewReplacer("event-driven-cloud-platform-dev", "other", ":root", ":role/other").Replace(string(text))
				if err := json.Unmarshal([]byte(others), &changed); err != nil {
					t.Fatal(err)
				}
				return changed
			},
		} {
			t.Run(key+" "+name, func(t *testing.T) {
				changed := readTemplate(t, keysTemplate)
				for id, resource := range changed["Resources"].(map[string]any) {
					if found := logicalID.FindStringSubmatch(id); found != nil && found[1] == key {
						policy := resource.(map[string]any)["Properties"].(map[string]any)["KeyPolicy"].(map[string]any)
						policy["Statement"] = change(policy["Statement"].([]any))
					}
				}
				if what := stopsWorking(t, changed); !strings.Contains(what, want) {
					t.Errorf("got %q, want %s", what, want)
				}
			})
		}
	}
}

// right is an action in a statement of a role's policy.
type right struct {
	policy    string // logical id
	statement int
	action    string
	resource  string
}

func (r right) String() string {
	role := strings.TrimPrefix(r.policy, "EventPipeline")
	role, _, _ = strings.Cut(role, "Role")
	return fmt.Sprintf("%s %s on %s", role, r.action, r.resource)
}

// rightsIn are those that the template gives to the pipeline's functions; the bucket cleaner's are
// CDK's.
func rightsIn(t *testing.T, file string) (rights []right) {
	resources := readTemplate(t, file)["Resources"].(map[string]any)
	for id, resource := range resources {
		if resource.(map[string]any)["Type"] != "AWS::IAM::Policy" {
			continue
		}
		for i, s := range statementsOf(resource) {
			statement := s.(map[string]any)
			if statement["Effect"] != "Allow" {
				t.Errorf("%s: statement %d is no grant", id, i)
			}
			on, err := json.Marshal(statement["Resource"])
			if err != nil {
				t.Fatal(err)
			}
			for _, action := range listOf(statement["Action"]) {
				rights = append(rights, right{id, i, action.(string), shortened(string(on))})
			}
		}
	}
	if len(rights) < 30 {
		t.Fatalf("%s gives %d rights to functions: %v", file, len(rights), rights)
	}
	slices.SortFunc(rights, func(a, b right) int { return strings.Compare(a.String(), b.String()) })
	return rights
}

var logicalID = regexp.MustCompile(`^(?:EventPipeline)?([A-Z]\w+)[0-9A-F]{8}$`)

// shortened names the resources in a statement's Resource.
func shortened(resource string) string {
	var names []string
	for part := range strings.SplitSeq(resource, `"`) {
		if name := logicalID.FindStringSubmatch(part); name != nil {
			names = append(names, name[1])
		} else if strings.Contains(part, "*") {
			names = append(names, part)
		}
	}
	return strings.Join(names, "")
}

func statementsOf(policy any) []any {
	return policy.(map[string]any)["Properties"].(map[string]any)["PolicyDocument"].(map[string]any)["Statement"].([]any)
}

func listOf(oneOrMany any) []any {
	if list, ok := oneOrMany.([]any); ok {
		return list
	}
	return []any{oneOrMany}
}

// remove takes the right out of a template.
func (r right) remove(template map[string]any) {
	policy := template["Resources"].(map[string]any)[r.policy]
	document := policy.(map[string]any)["Properties"].(map[string]any)["PolicyDocument"].(map[string]any)
	statements := statementsOf(policy)
	statement := statements[r.statement].(map[string]any)
	actions := slices.DeleteFunc(listOf(statement["Action"]), func(a any) bool { return a == r.action })
	if statement["Action"] = actions; len(actions) == 0 {
		document["Statement"] = slices.Delete(statements, r.statement, r.statement+1)
	}
}

// stopsWorking says what of a stage with that template does not work: that it can't be deployed,
// that a log is lost, or that a function can't do what it is for.
func stopsWorking(t *testing.T, template map[string]any) string {
	p, err := New(t.Context(), Options{Assembly: stageOf(t, template), NoWorker: true})
	if err != nil {
		return "it can't be deployed: " + err.Error()
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	for function, why := range p.services.logDenials {
		return fmt.Sprintf("the log of %s is lost: %v", function, why)
	}
	var mu sync.Mutex
	var denials []string
	world := newRightsWorld(t, p, func(d iam.Denial) {
		mu.Lock()
		defer mu.Unlock()
		denials = append(denials, d.Message)
	})
	err = world.drive(t.Context())
	mu.Lock()
	defer mu.Unlock()
	if err == nil && len(denials) == 0 {
		return ""
	}
	return fmt.Sprintf("%v\nwhat was denied: %s", err, strings.Join(denials, "\n"))
}

func readTemplate(t *testing.T, file string) map[string]any {
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cloudformation.Parse(content); err != nil {
		t.Fatal(err)
	}
	var read map[string]any
	if err := json.Unmarshal(content, &read); err != nil {
		t.Fatal(err)
	}
	return read
}

// stageOf is a cloud assembly with that template. Its functions' bootstraps are empty, and never
// started.
func stageOf(t *testing.T, template map[string]any) string {
	dir := t.TempDir()
	content, err := json.Marshal(template)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "asset.function"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"asset.function/bootstrap":    nil,
		"event-pipeline-dev.template": content,
		"event-pipeline-dev.assets":   []byte(`{"files":{"f":{"source":{"path":"asset.function"},"destinations":{"here":{"objectKey":"<asset hash>.zip"}}}}}`),
		"manifest.json": []byte(`{"version":"54.0.0","artifacts":{
			"assets":{"type":"cdk:asset-manifest","properties":{"file":"event-pipeline-dev.assets"}},
			"stack":{"type":"aws:cloudformation:stack","environment":"aws://unknown-account/unknown-region","dependencies":["assets"],"properties":{"templateFile":"event-pipeline-dev.template","stackName":"dev"}}}}`),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
