package eventpipeline

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"

	source "github.com/event-driven-cloud-platform/eventpipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/jsonschema"
)

// bundle configures `go build` for a function.
type bundle struct {
	entry
	architecture awslambda.Architecture
	variables    *map[string]*string
}

// entry contains the folder of a function's main package, the module's go.mod file, and the
// environment variables for `go build`.
type entry struct {
	folder, moduleFile string
	environment        map[string]string
}

// newBundle returns the build settings of a function. It returns an error if Go is not installed,
// because GoFunction would then build in Docker with an old Go version.
func newBundle(p *eventPipeline, function string) (bundle, error) {
	if _, err := exec.LookPath("go"); err != nil {
		return bundle{}, fmt.Errorf("find the go command: %w: install Go (https://go.dev/dl)", err)
	}
	var e entry
	if function == "worker" && p.props.WorkerEntry != nil {
		e = userEntry(*p.props.WorkerEntry)
		if platform(p) != "" { // the local platform watches this folder
			module := filepath.Dir(e.moduleFile)
			p.Node().AddMetadata(jsii.String(contract.ModuleMetadata), module, nil)
		}
	} else {
		schemas := p.schemas
		if function != "api" {
			schemas = nil
		}
		var err error
		if e, err = platformEntry(function, schemas); err != nil {
			return bundle{}, err
		}
	}
	variables := buildEnvironment(platform(p), e.environment)
	architecture := p.props.Architecture
	switch goarch := variables["GOARCH"]; {
	case goarch == nil: // a build for Lambda
	case *goarch == "arm64":
		architecture = awslambda.Architecture_ARM_64()
	default:
		architecture = awslambda.Architecture_X86_64()
	}
	return bundle{e, architecture, &variables}, nil
}

// reproducibleFlags make a binary depend only on the sources, not on their folder or repository.
// The flags also omit symbols and other parts that Lambda does not need.
const reproducibleFlags = `-trimpath -buildvcs=false -tags=lambda.norpc ` +
	`'-ldflags=-s -w -buildid='`

// platformEntry returns the entry of a function in this module. If there are schemas, the function
// contains them and the code that validates events.
func platformEntry(function string, schemas jsonschema.Bundle) (entry, error) {
	flags := "-mod=readonly " + reproducibleFlags
	var files map[string][]byte
	if len(schemas) > 0 {
		// The JSON text has sorted keys. Equal schemas therefore result in an equal asset hash.
		files = map[string][]byte{source.Schemas: []byte(formatJSON(schemas))}
		flags = strings.Replace(flags, "-tags=", "-tags=schemas,", 1)
	}
	dir, err := source.Dir(files)
	return entry{
		folder:      filepath.Join(dir, "functions", function),
		moduleFile:  filepath.Join(dir, "go.mod"),
		environment: map[string]string{"GOFLAGS": flags, "GOWORK": "off"},
	}, err
}

// userEntry returns the entry of a package in the user's module. The build uses the user's Go
// workspace, and the flags of GOFLAGS that begin with -mod. It therefore supports vendored modules,
// workspaces and other go.mod files.
func userEntry(folder string) entry {
	var flags []string
	for _, flag := range strings.Fields(os.Getenv("GOFLAGS")) {
		// This prefix selects -mod, -modfile and -modcacherw.
		if strings.HasPrefix(strings.TrimLeft(flag, "-"), "mod") {
			flags = append(flags, flag)
		}
	}
	flags = append(flags, reproducibleFlags)
	folder = absolutePath(folder)
	return entry{
		folder:      folder,
		moduleFile:  findModule(folder),
		environment: map[string]string{"GOFLAGS": strings.Join(flags, " ")},
	}
}

// platform returns the operating system and architecture of the functions for `eventpipeline
// local`, such as linux/amd64. For a deployment, it returns "".
func platform(p *eventPipeline) string {
	name, _ := p.Node().TryGetContext(jsii.String(contract.PlatformContext)).(string)
	return name
}

// buildEnvironment returns the variables for `go build`. If platform is "", GoFunction sets GOOS
// and GOARCH for Lambda.
func buildEnvironment(platform string, build map[string]string) map[string]*string {
	// The user's own values of these variables could change asset hashes or make a function crash
	// on Lambda. All of Lambda's processors support the instruction sets v8.0 and v1.
	all := map[string]string{"GOARM64": "v8.0", "GOAMD64": "v1", "GOEXPERIMENT": ""}
	maps.Copy(all, build)
	if goos, goarch, ok := strings.Cut(platform, "/"); ok {
		all["GOOS"], all["GOARCH"] = goos, goarch
	}
	environment := map[string]*string{}
	for name, value := range all {
		environment[name] = &value
	}
	return environment
}

// absolutePath returns the absolute path of folder. If the working directory is unknown, it returns
// folder unchanged. Validation then reports that the folder does not exist.
func absolutePath(folder string) string {
	if absolute, err := filepath.Abs(folder); err == nil {
		return absolute
	}
	return folder
}

// findModule returns the go.mod of the module that contains folder, or "".
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

// readBundle reads and compiles the schemas in a folder, as the API function does. A symlink to a
// file outside the folder is an error.
func readBundle(directory string) (jsonschema.Bundle, error) {
	folder, err := os.OpenRoot(directory)
	if err != nil {
		return nil, err
	}
	defer folder.Close()
	schemas, err := jsonschema.Read(folder.FS())
	if err != nil {
		return nil, err
	}
	if len(schemas) == 0 {
		return nil, errors.New("must contain at least one schema, named <eventType>.json")
	}
	_, err = jsonschema.Compile(schemas)
	return schemas, err
}
