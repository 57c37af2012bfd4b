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

// App describes a CDK app and how to run it.
type App struct {
	Dir      string         // folder of cdk.json; "" is the current folder
	Command  string         // shell command that runs the app; "" runs the command in cdk.json
	Context  map[string]any // context values that override the values in cdk.json
	Out      string         // folder for the cloud assembly
	Account  string         // value of CDK_DEFAULT_ACCOUNT
	Region   string         // value of CDK_DEFAULT_REGION
	Progress io.Writer      // receives the output of the app line by line
}

// ErrNoApp reports that neither App.Command nor cdk.json contains a command.
var ErrNoApp = errors.New("no cdk.json with an \"app\"")

// killDelay is the time that an interrupted app has to end before it is killed.
const killDelay = 3 * time.Second

// Check returns an error if the app can't be run because a tool or the command is missing.
func (a App) Check() error {
	_, err := a.check()
	return err
}

// check checks the tools, and returns the content of cdk.json with the values of App applied.
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
		return config{}, fmt.Errorf("%w in %s: change to the folder of a CDK app, "+
			"or pass the command that runs the app", ErrNoApp, dir)
	}
	maps.Copy(c.Context, a.Context)
	return c, nil
}

// Synthesize runs the app and reads the cloud assembly that the app writes. When ctx ends,
// Synthesize kills the app and its children.
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
		return nil, fmt.Errorf("encode the app's context: %w", err)
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
	// ErrWaitDelay means that the app succeeded, but a child process kept the output open.
	if err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		return nil, fmt.Errorf("run the CDK app: %s: %w%s", c.App, err, output.summary())
	}
	return Read(out)
}

// environment returns the environment variables of the app. Like the CDK CLI, it always sets
// CDK_DEFAULT_ACCOUNT and CDK_DEFAULT_REGION. It adds the variables in the list below only if this
// process does not set them.
func (a App) environment() []string {
	env := append(os.Environ(), "CDK_DEFAULT_ACCOUNT="+a.Account, "CDK_DEFAULT_REGION="+a.Region)
	for _, fallback := range [][2]string{
		// Skip the CDK's template validation, which takes seconds and does not change the template.
		{"CDK_VALIDATION", "false"},
		// Suppress jsii's warning about a Node.js version that has reached its end of life.
		{"JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20"},
	} {
		if _, set := os.LookupEnv(fallback[0]); !set {
			env = append(env, fallback[0]+"="+fallback[1])
		}
	}
	return env
}

// config holds the app's command and context, which the CDK CLI reads from cdk.json. Context also
// contains the values in cdk.context.json, which the CLI has looked up in AWS.
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
	maps.Copy(lookedUp, c.Context) // as in the CLI, the values in cdk.json have precedence
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
