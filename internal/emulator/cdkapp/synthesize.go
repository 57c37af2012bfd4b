package cdkapp

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// App says which CDK app to run, and how.
type App struct {
	Dir      string         // folder of cdk.json; "" is the current one
	Command  string         // run by the shell, as the CDK CLI does; "" is "app" of cdk.json
	Context  map[string]any // overrides that of cdk.json
	Out      string         // folder for the cloud assembly
	Account  string         // for stacks that take theirs from the CLI
	Region   string         // for stacks that take theirs from the CLI
	Progress io.Writer      // receives the output of the app line by line
}

// ErrNoApp reports that no command runs the app.
var ErrNoApp = errors.New("no cdk.json with an \"app\"")

// killDelay bounds how long an interrupted app may take to end.
const killDelay = 3 * time.Second

// Check returns an error if the app can't be run: a tool or the command is missing.
func (a App) Check() error {
	_, err := a.check()
	return err
}

// check returns cdk.json with what App overrides.
func (a App) check() (config, error) {
	var errs []error
	for _, tool := range []struct{ name, reason, url string }{
		{"go", "it compiles the app and the Lambda functions", "https://go.dev/dl"},
		{"node", "the CDK runs on Node.js", "https://nodejs.org"},
	} {
		if _, err := exec.LookPath(tool.name); err != nil {
			errs = append(errs, fmt.Errorf("%s is not on the PATH: %s; install it from %s",
				tool.name, tool.reason, tool.url))
		}
	}
	if len(errs) > 0 {
		return config{}, errors.Join(errs...)
	}
	c, err := readConfig(a.Dir)
	if err != nil {
		return config{}, err
	}
	if c.App = cmp.Or(a.Command, c.App); c.App == "" {
		dir, err := filepath.Abs(a.Dir)
		if err != nil {
			dir = a.Dir
		}
		return config{}, fmt.Errorf("%w in %s: run this in the folder of a CDK app, "+
			"or name the command that runs the app", ErrNoApp, dir)
	}
	maps.Copy(c.Context, a.Context)
	return c, nil
}

// Synthesize runs the app and reads the cloud assembly that it writes. When ctx ends, it kills the
// app and its children.
func (a App) Synthesize(ctx context.Context) (*Assembly, error) {
	c, err := a.check()
	if err != nil {
		return nil, err
	}
	out, err := filepath.Abs(a.Out)
	if err != nil {
		return nil, fmt.Errorf("find the folder for the cloud assembly: %w", err)
	}
	appContext, err := json.Marshal(c.Context)
	if err != nil {
		return nil, fmt.Errorf("make the app's context: %w", err)
	}

	output := &tail{out: a.Progress}
	cmd := shell(ctx, c.App)
	cmd.Dir = a.Dir
	cmd.Env = append(a.environment(), "CDK_OUTDIR="+out, "CDK_CONTEXT_JSON="+string(appContext))
	cmd.Stdout, cmd.Stderr = output, output
	ownGroup(cmd)
	cmd.WaitDelay = killDelay
	err = cmd.Run()
	killGroup(cmd)
	output.flush()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	// ErrWaitDelay: the app succeeded and left a process behind that kept its output open.
	if err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		return nil, fmt.Errorf("run the CDK app: %s: %w%s", c.App, err, output.summary())
	}
	return Read(out)
}

// environment returns the environment of this process with what the CDK CLI sets. Variables that
// are set keep their value, except for the account and the region.
func (a App) environment() []string {
	env := append(os.Environ(), "CDK_DEFAULT_ACCOUNT="+a.Account, "CDK_DEFAULT_REGION="+a.Region)
	for _, fallback := range [][2]string{
		// Template validation takes seconds and changes nothing.
		{"CDK_VALIDATION", "false"},
		// Silences the banner about the end of life of this version of Node.js.
		{"JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20"},
	} {
		if _, set := os.LookupEnv(fallback[0]); !set {
			env = append(env, fallback[0]+"="+fallback[1])
		}
	}
	return env
}

// config holds what the CDK CLI reads in the app's folder: cdk.json, and cdk.context.json with the
// values that it looked up.
type config struct {
	App     string         `json:"app"`
	Context map[string]any `json:"context"`
}

func readConfig(dir string) (config, error) {
	var c config
	if err := readOptional(filepath.Join(dir, "cdk.json"), &c); err != nil {
		return config{}, err
	}
	lookedUp := map[string]any{}
	if err := readOptional(filepath.Join(dir, "cdk.context.json"), &lookedUp); err != nil {
		return config{}, err
	}
	maps.Copy(lookedUp, c.Context) // cdk.json has precedence, as in the CLI
	c.Context = lookedUp
	return c, nil
}

func readOptional(file string, into any) error {
	err := readJSON(file, into)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
