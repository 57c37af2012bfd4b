package test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/faults"
)

// documents are all Markdown files of the repository, by their path from its root.
func documents(t *testing.T) map[string]string {
	t.Helper()
	docs := make(map[string]string)
	for _, pattern := range []string{"../*.md", "../docs/*.md", "../docs/*/*.md", "../examples/*/*.md"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			docs[strings.TrimPrefix(path, "../")] = read(t, path)
		}
	}
	return docs
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

var (
	link    = regexp.MustCompile(`\]\(([^)#]*)(?:#([^)]+))?\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
)

// anchors are what a document's headings are linked by, as GitHub makes them.
func anchors(t *testing.T, path string) []string {
	var found []string
	for _, match := range heading.FindAllStringSubmatch(read(t, path), -1) {
		words := strings.ReplaceAll(strings.ToLower(match[1]), " ", "-")
		found = append(found, regexp.MustCompile(`[^\w-]`).ReplaceAllString(words, ""))
	}
	return found
}

func TestDocs_LinksLeadSomewhere(t *testing.T) {
	for name, text := range documents(t) {
		for _, match := range link.FindAllStringSubmatch(text, -1) {
			if strings.Contains(match[1], "://") {
				continue
			}
			path := filepath.Join("..", filepath.Dir(name), match[1])
			if match[1] == "" {
				path = filepath.Join("..", name)
			}
			if _, err := os.Stat(path); err != nil {
				t.Errorf("%s links to %s, which is not there", name, match[1])
				continue
			}
			if match[2] != "" && !slices.Contains(anchors(t, path), match[2]) {
				t.Errorf("%s links to %s#%s, but %s has no such heading", name, match[1], match[2], path)
			}
		}
	}
}

func TestDocs_AllPinTheSameCDK(t *testing.T) {
	pin := regexp.MustCompile(`aws-cdk@[\d.]*`)
	want := pin.FindString(read(t, "../.ci/run"))
	if want == "" {
		t.Fatal(".ci/run pins no CDK")
	}
	for name, text := range documents(t) {
		for _, got := range pin.FindAllString(text, -1) {
			if got != want {
				t.Errorf("%s names %s, CI runs %s", name, got, want)
			}
		}
	}
}

func TestDocs_CIRunsTheContributorsTestCommand(t *testing.T) {
	const command = "go test ./..."
	for _, path := range []string{"../README.md", "../CONTRIBUTING.md", "../.ci/run"} {
		if !regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(command) + `( |$)`).MatchString(read(t, path)) {
			t.Errorf("%s does not run %q", path, command)
		}
	}
	if !strings.Contains(read(t, "../.github/workflows/ci.yml"), "bash .ci/run") {
		t.Error("the workflow does not run .ci/run")
	}
}

// A newcomer's first commands. Their packages must be there, and take the flags.
func TestDocs_ContributingsCommandsCanBeRun(t *testing.T) {
	commands := regexp.MustCompile("(?m)(?:^|`)((?:go|bash) [^`#\n]+)").FindAllStringSubmatch(read(t, "../CONTRIBUTING.md"), -1)
	if len(commands) < 7 {
		t.Fatalf("found only %d commands", len(commands))
	}
	for _, match := range commands {
		command := strings.TrimSpace(match[1])
		var tests strings.Builder
		for _, word := range strings.Fields(command)[1:] {
			path, below := strings.CutSuffix(word, "/...")
			if !strings.HasPrefix(word, "./") && !strings.HasPrefix(word, ".ci/") {
				continue
			}
			if _, err := os.Stat(filepath.Join("..", path)); err != nil {
				t.Errorf("%s: %v", command, err)
			}
			files, err := filepath.Glob(filepath.Join("..", path, "*_test.go"))
			if err != nil || (len(files) == 0 && !below && strings.HasPrefix(command, "go test")) {
				t.Errorf("%s tests nothing: %v", command, err)
			}
			for _, file := range files {
				tests.WriteString(read(t, file))
			}
		}
		if strings.Contains(command, "-update") && !strings.Contains(tests.String(), `flag.Bool("update"`) {
			t.Errorf("%s: its tests have no such flag", command)
		}
	}
}

func TestDocs_ReadmeGetsThisModule(t *testing.T) {
	path := strings.TrimPrefix(strings.SplitN(read(t, "../go.mod"), "\n", 2)[0], "module ")
	for _, name := range []string{"README.md", "docs/reuse.md", "docs/first-app.md"} {
		text := read(t, "../"+name)
		for _, got := range regexp.MustCompile(`go get (?:-tool )?([^\s`+"`"+`]+)`).FindAllStringSubmatch(text, -1) {
			if got[1] != path+"/constructs/eventpipeline" && got[1] != path+"/cmd/eventpipeline" {
				t.Errorf("%s gets %s; the module is %s", name, got[1], path)
			}
		}
		if !strings.Contains(text, "go get "+path+"/constructs/eventpipeline\n") {
			t.Errorf("%s does not say how to get the construct", name)
		}
	}
}

func TestDocs_TheirCodeIsInTheExamples(t *testing.T) {
	examples := read(t, "../constructs/eventpipeline/example_test.go") + read(t, "../constructs/eventpipeline/example_methods_test.go")
	for _, name := range []string{"../README.md", "../docs/construct.md"} {
		lines := 0
		text, _, _ := strings.Cut(read(t, name), "## Write your own processor") // which has an example of its own
		for _, code := range strings.Split(text, "```go\n")[1:] {
			code, _, _ = strings.Cut(code, "```")
			for line := range strings.Lines(code) {
				line = strings.TrimSpace(strings.TrimPrefix(line, "import "))
				if line == "" {
					continue
				}
				lines++
				if !strings.Contains(examples, line) {
					t.Errorf("%s has a line that no compiled example has:\n%s", name, line)
				}
			}
		}
		if lines < 5 {
			t.Errorf("found only %d lines of Go in %s", lines, name)
		}
	}
}

func TestDocs_TheReadmesProcessorIsTheExamples(t *testing.T) {
	_, section, _ := strings.Cut(read(t, "../README.md"), "## Write your own processor")
	_, code, _ := strings.Cut(section, "```go\n")
	code, _, _ = strings.Cut(code, "```")
	folder := "../examples/own-processor/functions/orders/"
	example, lines := read(t, folder+"main.go")+read(t, folder+"process.go"), strings.Split(strings.TrimSpace(code), "\n")
	if len(lines) < 10 {
		t.Fatalf("found only %d lines of Go", len(lines))
	}
	for _, line := range lines {
		if line = strings.TrimSpace(line); line != "…" && !strings.Contains(example, line) {
			t.Errorf("README has a line that the example does not have:\n%s", line)
		}
	}
}

func TestDocs_TheFirstAppIsTheExample(t *testing.T) {
	text := read(t, "../docs/first-app.md")
	for _, name := range []string{"cdk.json", "main.go", "functions/orders/main.go", "functions/orders/process.go", "functions/orders/process_test.go"} {
		if !strings.Contains(text, "\n"+read(t, "../examples/own-processor/"+name)+"```\n") {
			t.Errorf("docs/first-app.md does not have %s of examples/own-processor as it is; copy it there", name)
		}
	}
}

func TestDocs_ArchitectureNamesEveryLogLine(t *testing.T) {
	architecture := read(t, "../docs/architecture.md")
	logged := regexp.MustCompile(`slog\.Level\w+, "([^"]+)"`)
	sources := read(t, "../internal/runtime/handler/api.go") + read(t, "../internal/runtime/handler/worker.go") + read(t, "../internal/runtime/handler/reconciler.go")
	matches := logged.FindAllStringSubmatch(sources, -1)
	if len(matches) < 8 {
		t.Fatalf("found only %d log lines", len(matches))
	}
	for _, match := range matches {
		if !strings.Contains(architecture, "`"+match[1]+"`") {
			t.Errorf("docs/architecture.md does not name the log line %q", match[1])
		}
	}
}

func TestDocs_TheFaultsOfTheExampleAreTaken(t *testing.T) {
	_, example, _ := strings.Cut(read(t, "../docs/faults.md"), "```json\n")
	example, _, _ = strings.Cut(example, "```")
	file := filepath.Join(t.TempDir(), "faults.json")
	if err := os.WriteFile(file, []byte(example), 0o600); err != nil {
		t.Fatal(err)
	}
	config, err := faults.ReadConfig(file)
	if err != nil || len(config.Rules) != 5 {
		t.Errorf("got %+v, %v", config, err)
	}
}

func TestDocs_RunbooksNameEveryReasonToFail(t *testing.T) {
	runbooks := read(t, "../docs/runbooks.md")
	_, reasons, _ := strings.Cut(read(t, "../internal/runtime/pipeline/errors.go"), "the reasons for which it can't be processed")
	codes := regexp.MustCompile(`Code = "([a-z-]+)"`).FindAllStringSubmatch(reasons, -1)
	if len(codes) < 6 {
		t.Fatalf("found only %d codes", len(codes))
	}
	for _, code := range codes {
		if !strings.Contains(runbooks, "`"+code[1]+"`") {
			t.Errorf("docs/runbooks.md does not say what to do about %s", code[1])
		}
	}
}

func TestDocs_RunbooksHaveASectionForEveryAlarm(t *testing.T) {
	runbooks := read(t, "../docs/runbooks.md")
	alarms := regexp.MustCompile(`newAlarm\(p, "(\w+)"`).FindAllStringSubmatch(read(t, "../constructs/eventpipeline/alarms.go"), -1)
	if len(alarms) < 9 {
		t.Fatalf("found only %d alarms", len(alarms))
	}
	for _, alarm := range alarms {
		if !strings.Contains(runbooks, "\n## "+alarm[1]+"\n") {
			t.Errorf("docs/runbooks.md has no section %s", alarm[1])
		}
	}
}

func TestDocs_ReadmeTellsTheRuleForEventTypes(t *testing.T) {
	rule := regexp.MustCompile("typePattern = regexp.MustCompile\\(`([^`]+)`").FindStringSubmatch(read(t, "../internal/runtime/pipeline/event.go"))
	if rule == nil {
		t.Fatal("found no rule in internal/runtime/pipeline/event.go")
	}
	if !strings.Contains(read(t, "../README.md"), "`"+rule[1]+"`") {
		t.Errorf("README does not tell the rule %s", rule[1])
	}
}

// A control whose test is gone, or was renamed, is held by nothing.
func TestDocs_SecurityNamesTestsThatExist(t *testing.T) {
	var sources strings.Builder
	err := filepath.WalkDir("..", func(path string, entry os.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, "_test.go") {
			sources.WriteString(read(t, path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	_, controls, ok := strings.Cut(read(t, "../docs/security.md"), "<!-- controls -->")
	names := regexp.MustCompile(`\b(Test|Fuzz)[A-Z]\w+`).FindAllString(controls, -1)
	if !ok || len(names) < 20 {
		t.Fatalf("docs/security.md names %d tests", len(names))
	}
	for _, name := range names {
		if !strings.Contains(sources.String(), "func "+name+"(") {
			t.Errorf("docs/security.md says that %s holds a control; there is no such test", name)
		}
	}
}
