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

// Templates of two stages and of a pipeline with KMS keys. The tests in test/templates check that
// these files equal the synthesized templates.
const (
	devTemplate  = "../../test/templates/testdata/dev.template.json"
	prodTemplate = "../../test/templates/testdata/prod.template.json"
	keysTemplate = "../../test/templates/testdata/keys.template.json"
)

// With the permissions in the templates, all tasks of the functions must succeed.
func TestPermissions_AreSufficient(t *testing.T) {
	for _, file := range []string{devTemplate, keysTemplate} {
		if problem := findProblem(t, readTemplate(t, file)); problem != "" {
			t.Errorf("%s: %s", file, problem)
		}
	}
}

// A task must fail if any single permission is removed from the template.
func TestPermissions_AreAllNeeded(t *testing.T) {
	for _, r := range permissionsIn(t, devTemplate) {
		t.Run(r.String(), func(t *testing.T) { isNeeded(t, devTemplate, r) })
	}
	for _, r := range permissionsIn(t, keysTemplate) {
		// The loop above tests the permissions of all other services.
		if strings.HasPrefix(r.action, "kms:") || strings.HasPrefix(r.action, "secretsmanager:") {
			t.Run(r.String(), func(t *testing.T) { isNeeded(t, keysTemplate, r) })
		}
	}
}

func isNeeded(t *testing.T, file string, r permission) {
	t.Parallel()
	changed := readTemplate(t, file)
	r.remove(changed)
	problem := findProblem(t, changed)
	if problem == "" {
		t.Errorf("%s is not needed: remove it from constructs/eventpipeline", r)
	}
	if _, operation, _ := strings.Cut(r.action, ":"); !strings.Contains(problem, operation) {
		t.Errorf("the failure does not come from the missing permission %s: %s", r.action, problem)
	}
}

// A stage must not work with a changed key policy. One change removes the policy's last statement.
// The other change replaces the policy's principals and resources.
func TestPermissions_OfKeyPoliciesAreNeeded(t *testing.T) {
	for key, want := range map[string]string{
		"LogKey":    "logs.us-east-1.amazonaws.com is not authorized to perform: kms:Generate",
		"BusKey":    "events.amazonaws.com is not authorized to perform: kms:GenerateDataKey",
		"BronzeKey": "to perform: kms:GenerateDataKey",
	} {
		for name, change := range map[string]func(statements []any) []any{
			"without the last statement": func(s []any) []any { return s[:len(s)-1] },
			"for other principals and resources": func(s []any) []any {
				text, err := json.Marshal(s)
				if err != nil {
					t.Fatal(err)
				}
				var changed []any
				replacer := strings.NewReplacer(
					"event-driven-cloud-platform-dev", "other", ":root", ":role/other")
				others := replacer.Replace(string(text))
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
						properties := resource.(map[string]any)["Properties"].(map[string]any)
						policy := properties["KeyPolicy"].(map[string]any)
						policy["Statement"] = change(policy["Statement"].([]any))
					}
				}
				if problem := findProblem(t, changed); !strings.Contains(problem, want) {
					t.Errorf("got %q, want %s", problem, want)
				}
			})
		}
	}
}

// permission represents an action in a statement of a role's policy.
type permission struct {
	policy    string // logical id of the policy
	statement int
	action    string
	resource  string
}

func (r permission) String() string {
	role := strings.TrimPrefix(r.policy, "EventPipeline")
	role, _, _ = strings.Cut(role, "Role")
	return fmt.Sprintf("%s %s on %s", role, r.action, r.resource)
}

// permissionsIn returns the permissions that a template grants to the pipeline's functions.
func permissionsIn(t *testing.T, file string) (permissions []permission) {
	resources := readTemplate(t, file)["Resources"].(map[string]any)
	for id, resource := range resources {
		if resource.(map[string]any)["Type"] != "AWS::IAM::Policy" {
			continue
		}
		for i, s := range statementsOf(resource) {
			statement := s.(map[string]any)
			if statement["Effect"] != "Allow" {
				t.Errorf("%s: statement %d has effect %v, want Allow", id, i, statement["Effect"])
			}
			on, err := json.Marshal(statement["Resource"])
			if err != nil {
				t.Fatal(err)
			}
			for _, action := range listOf(statement["Action"]) {
				permissions = append(
					permissions,
					permission{id, i, action.(string), resourceNames(string(on))},
				)
			}
		}
	}
	if len(permissions) < 30 {
		t.Fatalf("%s grants only %d permissions to functions: %v",
			file, len(permissions), permissions)
	}
	slices.SortFunc(
		permissions,
		func(a, b permission) int { return strings.Compare(a.String(), b.String()) },
	)
	return permissions
}

var logicalID = regexp.MustCompile(`^(?:EventPipeline)?([A-Z]\w+)[0-9A-F]{8}$`)

// resourceNames returns the names of the constructs to which a statement's Resource refers. It also
// returns the parts of the Resource that contain a *.
func resourceNames(resource string) string {
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

func statementsOf(policy any) []any { return documentOf(policy)["Statement"].([]any) }

func documentOf(policy any) map[string]any {
	properties := policy.(map[string]any)["Properties"].(map[string]any)
	return properties["PolicyDocument"].(map[string]any)
}

func listOf(oneOrMany any) []any {
	if list, ok := oneOrMany.([]any); ok {
		return list
	}
	return []any{oneOrMany}
}

// remove removes the permission from a template.
func (r permission) remove(template map[string]any) {
	policy := template["Resources"].(map[string]any)[r.policy]
	document := documentOf(policy)
	statements := statementsOf(policy)
	statement := statements[r.statement].(map[string]any)
	actions := slices.DeleteFunc(
		listOf(statement["Action"]),
		func(a any) bool { return a == r.action },
	)
	if statement["Action"] = actions; len(actions) == 0 {
		document["Statement"] = slices.Delete(statements, r.statement, r.statement+1)
	}
}

// findProblem deploys a stage with the template and performs all tasks of its functions. It
// describes the first of these problems, or returns "":
//
//   - The deployment fails.
//   - A function has no permission to write its log.
//   - A task fails.
func findProblem(t *testing.T, template map[string]any) string {
	p, err := New(t.Context(), Options{Assembly: stageOf(t, template), NoWorker: true})
	if err != nil {
		return "the stage can't be deployed: " + err.Error()
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	for function, reason := range p.services.logDenials {
		return fmt.Sprintf("the log of %s is lost: %v", function, reason)
	}
	var mu sync.Mutex
	var denials []string
	stage := newStage(t, p, func(d iam.Denial) {
		mu.Lock()
		defer mu.Unlock()
		denials = append(denials, d.Message)
	})
	err = stage.performTasks(t.Context())
	mu.Lock()
	defer mu.Unlock()
	if err == nil && len(denials) == 0 {
		return ""
	}
	return fmt.Sprintf("%v\ndenied calls: %s", err, strings.Join(denials, "\n"))
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

// stageOf returns a cloud assembly with the template. The functions' bootstraps are empty files,
// which never run.
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
		"event-pipeline-dev.assets": []byte(`{"files":{"f":{"source":{"path":"asset.function"},
			"destinations":{"here":{"objectKey":"<asset hash>.zip"}}}}}`),
		"manifest.json": []byte(`{"version":"54.0.0","artifacts":{
			"assets":{"type":"cdk:asset-manifest",
				"properties":{"file":"event-pipeline-dev.assets"}},
			"stack":{"type":"aws:cloudformation:stack",
				"environment":"aws://unknown-account/unknown-region","dependencies":["assets"],
				"properties":{"templateFile":"event-pipeline-dev.template","stackName":"dev"}}}}`),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
