package eventpipeline

import (
	"go/build"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

// entry is the main package of a function, and what `go build` runs with.
type entry struct {
	folder      string
	moduleFile  string // the go.mod of its module
	environment map[string]string
}

// entryOf is a function's: one of the construct's own, or WorkerEntry.
func entryOf(p *eventPipeline, function string) (entry, error) {
	if function == "worker" && p.props.WorkerEntry != nil {
		user := userEntry(*p.props.WorkerEntry)
		noteModule(p, filepath.Dir(user.moduleFile))
		return user, nil
	}
	dir, flags, err := sourceDir(p, function)
	return entry{
		folder: filepath.Join(dir, "functions", function), moduleFile: filepath.Join(dir, "go.mod"),
		environment: map[string]string{"GOFLAGS": flags, "GOWORK": "off"},
	}, err
}

// userEntry is in the user's own module: vendored, in a workspace, or with another go.mod, as the user has it.
func userEntry(folder string) entry {
	var flags []string
	for _, flag := range strings.Fields(os.Getenv("GOFLAGS")) {
		if strings.HasPrefix(strings.TrimLeft(flag, "-"), "mod") { // -mod, -modfile, -modcacherw
			flags = append(flags, flag)
		}
	}
	folder = absolute(folder)
	return entry{
		folder: folder, moduleFile: findModule(folder),
		environment: map[string]string{"GOFLAGS": strings.Join(append(flags, reproducible), " ")},
	}
}

// noteModule lets the local platform watch the worker's module, wherever it is. It is not in the template.
func noteModule(p *eventPipeline, folder string) {
	if platform(p) != "" {
		p.Node().AddMetadata(jsii.String(contract.ModuleMetadata), folder, nil)
	}
}

// notOfImportPaths are characters that Go refuses in import paths, below the module's own folder.
var notOfImportPaths = regexp.MustCompile(`[^A-Za-z0-9._~+/-]`)

// workerEntry checks WorkerEntry.
func (m *mistakes) workerEntry(p EventPipelineProps) {
	if p.WorkerEntry == nil {
		return
	}
	if *p.WorkerEntry == "" {
		m.unless(false, "WorkerEntry is empty; give the folder of a main package in your module, or leave it out for the platform's own worker")
		return
	}
	folder := absolute(*p.WorkerEntry)
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		m.unless(false, "WorkerEntry is %q, and %s is no folder; give that of a main package in your module, relative to the folder the app runs in", *p.WorkerEntry, folder)
		return
	}
	file := findModule(folder)
	m.unless(file != "", "WorkerEntry is %q, and neither %s nor a folder above it has a go.mod; take a package of your module", *p.WorkerEntry, folder)
	below := belowModule(file, folder)
	strange := notOfImportPaths.FindString(below)
	m.unless(strange == "", "WorkerEntry is %q, and the import path of a package can't have the %q of %q; rename the folder", *p.WorkerEntry, strange, below)
	lambda := build.Default
	lambda.GOOS, lambda.CgoEnabled = "linux", false
	found, err := lambda.ImportDir(folder, 0)
	if err == nil && len(found.GoFiles) == 0 {
		err = &build.NoGoError{Dir: folder} // tests alone
	}
	switch {
	case err != nil:
		m.unless(false, "WorkerEntry is %q, and Go finds no package there: %v; give the folder of a main package", *p.WorkerEntry, err)
	case found.Name != "main":
		m.unless(false, "WorkerEntry is %q, the package %s; give a package main whose main function calls processor.Start", *p.WorkerEntry, found.Name)
	}
}

// belowModule is the folder as import paths have it, less the module's own path; "" for a folder of no module.
func belowModule(moduleFile, folder string) string {
	below, err := filepath.Rel(filepath.Dir(moduleFile), folder)
	if moduleFile == "" || err != nil {
		return ""
	}
	return filepath.ToSlash(below)
}

// absolute leaves what it can't make absolute for validation to find.
func absolute(folder string) string {
	if abs, err := filepath.Abs(folder); err == nil {
		return abs
	}
	return folder
}

// findModule is the go.mod of the module that folder is in; "" if it is in none.
func findModule(folder string) string {
	for {
		file := filepath.Join(folder, "go.mod")
		if info, err := os.Stat(file); err == nil && !info.IsDir() {
			return file
		}
		parent := filepath.Dir(folder)
		if parent == folder {
			return ""
		}
		folder = parent
	}
}
