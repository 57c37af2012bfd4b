package test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/faults"
)

// documents returns the text of each Markdown file of the repository. The map's keys are paths
// relative to the repository's root.
func documents(t *testing.T) map[string]string {
	t.Helper()
	docs := make(map[string]string)
	walk(t, "..", func(path string) {
		if strings.HasSuffix(path, ".md") {
			docs[strings.TrimPrefix(path, "../")] = read(t, path)
		}
	})
	return docs
}

// walk calls visit for each file below dir, except in hidden folders and in build output.
func walk(t *testing.T, dir string, visit func(path string)) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		name := entry.Name()
		skipped := strings.HasPrefix(name, ".") || name == "cdk.out" || name == "node_modules"
		if entry.IsDir() && path != dir && skipped {
			return filepath.SkipDir
		}
		if err == nil && !entry.IsDir() {
			visit(filepath.ToSlash(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// codeBlocks returns the contents of the fenced code blocks in a language.
func codeBlocks(markdown, language string) []string {
	var blocks []string
	for _, block := range strings.Split(markdown, "```"+language+"\n")[1:] {
		code, _, _ := strings.Cut(block, "```")
		blocks = append(blocks, code)
	}
	return blocks
}

var (
	link    = regexp.MustCompile(`\]\(([^)#]*)(?:#([^)]+))?\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
)

// anchors returns the anchors that GitHub derives from the headings of a document.
func anchors(t *testing.T, path string) []string {
	t.Helper()
	var found []string
	for _, match := range heading.FindAllStringSubmatch(read(t, path), -1) {
		words := strings.ReplaceAll(strings.ToLower(match[1]), " ", "-")
		found = append(found, regexp.MustCompile(`[^\w-]`).ReplaceAllString(words, ""))
	}
	return found
}

func TestDocs_LinksHaveTargets(t *testing.T) {
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
				t.Errorf("%s links to %s, which does not exist", name, match[1])
				continue
			}
			if match[2] != "" && !slices.Contains(anchors(t, path), match[2]) {
				t.Errorf("%s links to %s: %s has no heading #%s", name, match[1], path, match[2])
			}
		}
	}
}

// A path in a document starts at the root of the repository or of an example. A file name without a
// folder can refer to any file of the repository.
func TestDocs_PathsExist(t *testing.T) {
	entries, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	var folders []string
	for _, entry := range entries {
		if entry.IsDir() && !strings.HasPrefix(entry.Name(), "cdk.") {
			folders = append(folders, regexp.QuoteMeta(entry.Name()))
		}
	}
	start := "(?:^|[\\s`(])(?:\\./)?"
	path := regexp.MustCompile(start + `((?:` + strings.Join(folders, "|") + `)/[\w./*-]*\w)`)
	names := map[string]bool{}
	walk(t, "..", func(path string) { names[filepath.Base(path)] = true })
	fileName := regexp.MustCompile("`(\\w+\\.go)`")
	for name, text := range documents(t) {
		for _, match := range fileName.FindAllStringSubmatch(text, -1) {
			if !names[match[1]] {
				t.Errorf("%s names %s, which does not exist", name, match[1])
			}
		}
		for _, match := range path.FindAllStringSubmatch(text, -1) {
			inRoot, _ := filepath.Glob("../" + match[1])
			inExample, _ := filepath.Glob("../examples/*/" + match[1])
			if len(inRoot)+len(inExample) == 0 {
				t.Errorf("%s names %s, which does not exist", name, match[1])
			}
		}
	}
}

// Tables and lines with a URL can be longer than 100 columns. The targets of links do not count.
func TestDocs_LinesEndAtColumn100(t *testing.T) {
	target := regexp.MustCompile(`\]\([^)]*\)`)
	for name, text := range documents(t) {
		for i, line := range strings.Split(text, "\n") {
			if strings.HasPrefix(line, "|") || strings.Contains(line, "://") {
				continue
			}
			line = target.ReplaceAllString(line, "]")
			if width := columns(line); width > 100 {
				t.Errorf("%s:%d has %d columns", name, i+1, width)
			}
		}
	}
}

// A line of a Go file can have more than 100 columns if it is a single word, such as a URL in a
// comment. The test ignores generated files.
func TestDocs_LinesOfGoEndAtColumn100(t *testing.T) {
	generated := regexp.MustCompile(`(?m)^// Code generated .* DO NOT EDIT\.$`)
	walk(t, "..", func(path string) {
		if !strings.HasSuffix(path, ".go") {
			return
		}
		text := read(t, path)
		if generated.MatchString(text) {
			return
		}
		for i, line := range strings.Split(text, "\n") {
			isWord := len(strings.Fields(strings.TrimLeft(line, "/\t "))) == 1
			if width := columns(line); width > 100 && !isWord {
				t.Errorf("%s:%d has %d columns", strings.TrimPrefix(path, "../"), i+1, width)
			}
		}
	})
}

// columns returns the width of a line. A tab counts as four columns.
func columns(line string) int {
	return utf8.RuneCountInString(strings.ReplaceAll(line, "\t", "    "))
}

func TestDocs_PinTheCDKThatCIRuns(t *testing.T) {
	pin := regexp.MustCompile(`aws-cdk@[\d.]*`)
	want := pin.FindString(read(t, "../.ci/run"))
	if want == "" {
		t.Fatal(".ci/run pins no CDK")
	}
	for name, text := range documents(t) {
		for _, got := range pin.FindAllString(text, -1) {
			if got != want {
				t.Errorf("%s names %s, but CI runs %s", name, got, want)
			}
		}
	}
}

// The documents tell contributors to run all tests with one command. CI must test the same packages
// with its three commands.
func TestDocs_CITestsThePackagesOfTheContributorsCommand(t *testing.T) {
	for path, commands := range map[string][]string{
		"../README.md":       {"go test ./..."},
		"../CONTRIBUTING.md": {"go test ./..."},
		"../.ci/run": {
			"go test -vet=off -race $concurrent",
			`others=$(go list ./... | grep -vxF -e "$concurrent" | grep -v '/test/explore$')`,
			"go test -vet=off -p $packages ./test/{e2e,reuse} ./constructs/eventpipeline $others",
			"  GOMAXPROCS=1 go test -vet=off ./test/explore",
		},
	} {
		for _, command := range commands {
			line := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(command) + `( |$)`)
			if !line.MatchString(read(t, path)) {
				t.Errorf("%s must contain the command %q", path, command)
			}
		}
	}
	if !strings.Contains(read(t, "../.github/workflows/ci.yml"), "bash .ci/run") {
		t.Error("ci.yml must run `bash .ci/run`")
	}
}

func TestDocs_CommandsOfContributingExist(t *testing.T) {
	command := regexp.MustCompile("(?m)(?:^|`)((?:go|bash) [^`#\n]+)")
	commands := command.FindAllStringSubmatch(read(t, "../CONTRIBUTING.md"), -1)
	if len(commands) < 7 {
		t.Fatalf("found only %d commands", len(commands))
	}
	for _, match := range commands {
		checkCommand(t, strings.TrimSpace(match[1]))
	}
}

// checkCommand checks that the folders of a command exist and contain tests. If the command has the
// flag -update, these tests must define the flag.
func checkCommand(t *testing.T, command string) {
	t.Helper()
	var tests strings.Builder
	for _, word := range strings.Fields(command)[1:] {
		path, recursive := strings.CutSuffix(word, "/...")
		if !strings.HasPrefix(word, "./") && !strings.HasPrefix(word, ".ci/") {
			continue
		}
		if _, err := os.Stat(filepath.Join("..", path)); err != nil {
			t.Errorf("%s: %v", command, err)
		}
		files, err := filepath.Glob(filepath.Join("..", path, "*_test.go"))
		if err != nil || len(files) == 0 && !recursive && strings.HasPrefix(command, "go test") {
			t.Errorf("%s runs no test: %v", command, err)
		}
		for _, file := range files {
			tests.WriteString(read(t, file))
		}
	}
	hasUpdate := strings.Contains(tests.String(), `flag.Bool("update"`)
	if strings.Contains(command, "-update") && !hasUpdate {
		t.Errorf("%s: its tests do not define the flag -update", command)
	}
}

func TestDocs_GoGetNamesThisModule(t *testing.T) {
	goGet := regexp.MustCompile(`go get (?:-tool )?([^\s` + "`" + `]+)`)
	for name, text := range documents(t) {
		for _, match := range goGet.FindAllStringSubmatch(text, -1) {
			path, inModule := strings.CutPrefix(match[1], module+"/")
			public := []string{"constructs/eventpipeline", "cmd/eventpipeline", "client"}
			if !inModule || !slices.Contains(public, path) {
				t.Errorf("%s gets %s, want one of %s in %s", name, match[1], public, module)
			}
		}
	}
	for _, name := range []string{"README.md", "docs/reuse.md", "docs/first-app.md"} {
		if !strings.Contains(read(t, "../"+name), "go get "+module+"/constructs/eventpipeline\n") {
			t.Errorf("%s must show the command `go get` for the construct", name)
		}
	}
}

// concatFiles returns the concatenated text of all Go files that match a pattern.
func concatFiles(t *testing.T, pattern string) string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s matches no file: %v", pattern, err)
	}
	var text strings.Builder
	for _, path := range paths {
		text.WriteString(read(t, path))
	}
	return text.String()
}

func TestDocs_GoCodeIsPartOfACompiledExample(t *testing.T) {
	construct := concatFiles(t, "../constructs/eventpipeline/example*_test.go")
	readme, own, _ := strings.Cut(read(t, "../README.md"), "## Write your own processor")
	before, sending, _ := strings.Cut(readme, "## Send events from Go")
	sending, after, _ := strings.Cut(sending, "\n## ")
	processor := concatFiles(t, "../examples/own-processor/functions/orders/*.go")
	for _, doc := range []struct{ name, text, examples string }{
		{"README.md", before + after, construct},
		{"README.md, the client", sending, concatFiles(t, "../client/example*_test.go")},
		{"README.md, the processor", own, processor},
		{"docs/construct.md", read(t, "../docs/construct.md"), construct},
	} {
		code := strings.Join(codeBlocks(doc.text, "go"), "")
		if strings.Count(code, "\n") < 5 {
			t.Errorf("%s must have at least 5 lines of Go, got %q", doc.name, code)
		}
		for line := range strings.Lines(code) {
			line = strings.TrimSpace(strings.TrimPrefix(line, "import "))
			if line != "…" && !strings.Contains(doc.examples, line) {
				t.Errorf("%s has a line that is in no compiled example:\n%s", doc.name, line)
			}
		}
	}
}

func TestDocs_FirstAppEqualsTheExample(t *testing.T) {
	const example = "../examples/own-processor/"
	text := read(t, "../docs/first-app.md")
	walk(t, example, func(path string) {
		if filepath.Ext(path) != ".go" && filepath.Base(path) != "cdk.json" {
			return
		}
		if !strings.Contains(text, "\n"+read(t, path)+"```\n") {
			t.Errorf("docs/first-app.md must contain the current text of %s", path)
		}
	})
}

func TestDocs_ExampleOfFaultsIsValid(t *testing.T) {
	file := filepath.Join(t.TempDir(), "faults.json")
	example := codeBlocks(read(t, "../docs/faults.md"), "json")[0]
	if err := os.WriteFile(file, []byte(example), 0o600); err != nil {
		t.Fatal(err)
	}
	config, err := faults.ReadConfig(file, emulator.FaultServices())
	if err != nil || len(config.Rules) != strings.Count(example, `"fault"`) {
		t.Errorf("got %+v, %v", config, err)
	}
}

func TestDocs_NameTheServicesOfFaults(t *testing.T) {
	row, _, _ := strings.Cut(read(t, "../docs/faults.md"), "`rules[].operation`")
	_, row, _ = strings.Cut(row, "`rules[].service`")
	for _, service := range emulator.FaultServices() {
		if !strings.Contains(row, "`"+service+"`") {
			t.Errorf("the row of rules[].service in docs/faults.md must contain %s", service)
		}
	}
}
