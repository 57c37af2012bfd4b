package test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// constants returns the values of a folder's constants whose declared type is typeName. If typeName
// is "", it returns the values of the constants that are declared without a type.
func constants(t *testing.T, dir, typeName string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, declaration := range parsed.Decls {
			group, ok := declaration.(*ast.GenDecl)
			if !ok || group.Tok != token.CONST {
				continue
			}
			for _, spec := range group.Specs {
				spec := spec.(*ast.ValueSpec)
				if declared, _ := spec.Type.(*ast.Ident); (declared == nil) != (typeName == "") ||
					declared != nil && declared.Name != typeName {
					continue
				}
				for _, value := range spec.Values {
					text, err := strconv.Unquote(value.(*ast.BasicLit).Value)
					if err != nil {
						t.Fatalf("%s: %v", file, err)
					}
					values = append(values, text)
				}
			}
		}
	}
	return values
}

// problemSection matches the heading of a section in docs/problems.md and the HTTP status below it.
var problemSection = regexp.MustCompile(`(?m)^## ([a-z0-9-]+)\n\n(\d{3})\. `)

func TestDocs_EveryCodeIsDocumented(t *testing.T) {
	statuses := map[string]string{}
	for _, match := range problemSection.FindAllStringSubmatch(read(t, "../docs/problems.md"), -1) {
		statuses[match[1]] = match[2]
	}
	runbooks := read(t, "../docs/runbooks.md")
	codes := constants(t, "../internal/runtime/pipeline", "Code")
	if len(codes) < 30 || len(statuses) < 20 {
		t.Fatalf("found only %d codes and %d problems", len(codes), len(statuses))
	}
	for _, code := range codes {
		status := statuses[code]
		failsEvents := status == "" || status[0] == '5' || pipeline.Permanent(pipeline.Code(code))
		if failsEvents && !strings.Contains(runbooks, "\n| `"+code+"` |") {
			t.Errorf("docs/runbooks.md has no row for events that fail with the code %s", code)
		}
	}
}

func TestDocs_ArchitectureListsEachLogMessage(t *testing.T) {
	_, table, _ := strings.Cut(read(t, "../docs/architecture.md"), "\n## Observability\n")
	messages := constants(t, "../internal/runtime/logging", "")
	if len(messages) < 10 {
		t.Fatalf("found only the messages %q", messages)
	}
	for _, message := range messages {
		if !strings.Contains(table, "`"+message+"`") {
			t.Errorf("docs/architecture.md does not list the log message %q", message)
		}
	}
}

func TestDocs_RunbooksHaveASectionForEachAlarm(t *testing.T) {
	var template struct {
		Resources map[string]struct{ Type string }
	}
	golden := read(t, "templates/testdata/prod.template.json")
	if err := json.Unmarshal([]byte(golden), &template); err != nil {
		t.Fatal(err)
	}
	alarm := regexp.MustCompile(`^EventPipeline(\w+Alarm)[0-9A-F]{8}$`)
	var want []string
	for id, resource := range template.Resources {
		if resource.Type == "AWS::CloudWatch::Alarm" {
			want = append(want, alarm.ReplaceAllString(id, "$1"))
		}
	}
	var got []string
	for _, match := range heading.FindAllStringSubmatch(read(t, "../docs/runbooks.md"), -1) {
		if strings.HasSuffix(match[1], "Alarm") {
			got = append(got, match[1])
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if len(want) == 0 || !slices.Equal(got, want) {
		t.Errorf("docs/runbooks.md has sections for %v, the template has the alarms %v", got, want)
	}
}

func TestDocs_ReadmeStatesTheRuleForEventTypes(t *testing.T) {
	pattern := regexp.MustCompile("`(\\^[^`]+\\$)`").FindStringSubmatch(read(t, "../README.md"))
	if pattern == nil {
		t.Fatal("README has no pattern for event types")
	}
	documented := regexp.MustCompile(pattern[1])
	for _, eventType := range []string{
		"a", "Z", "order.created", "a_b-c.9", "", "1a", ".a", "_a", "a b", "ä", "a/b", "a\n",
		strings.Repeat("a", 64), strings.Repeat("a", 65),
	} {
		matches, accepted := documented.MatchString(eventType), pipeline.ValidType(eventType)
		if matches != accepted {
			t.Errorf("%q: README: %t, ingest: %t", eventType, matches, accepted)
		}
	}
}

func TestDocs_ControlsNameTestsThatExist(t *testing.T) {
	existing := map[string]bool{}
	walk(t, "..", func(path string) {
		if !strings.HasSuffix(path, "_test.go") {
			return
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, declaration := range file.Decls {
			if function, ok := declaration.(*ast.FuncDecl); ok {
				existing[function.Name.Name] = true
			}
		}
	})
	_, controls, _ := strings.Cut(read(t, "../docs/security.md"), "<!-- controls -->")
	names := regexp.MustCompile(`\b(Test|Fuzz)[A-Z]\w+`).FindAllString(controls, -1)
	if len(names) < 20 {
		t.Fatalf("docs/security.md names only %d tests", len(names))
	}
	for _, name := range names {
		if !existing[name] {
			t.Errorf("docs/security.md names the test %s, which does not exist", name)
		}
	}
}
