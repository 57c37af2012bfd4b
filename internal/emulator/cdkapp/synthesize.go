package cdkapp

import (
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

// App is a CDK app and how to run it.
type App struct {
	Dir      string         // the app's folder, where cdk.json is; the current one when empty
	Command  string         // run by the shell, as the CDK CLI does; cdk.json's "app" when empty
	Context  map[string]any // wins over that of cdk.json
	Out      string         // the folder for the cloud assembly
	Account  string         // for stacks that take theirs from the CLI
	Region   string         // for stacks that take theirs from the CLI
	Progress io.Writer      // gets the app's output as it comes
}

// ErrNoApp says that nothing tells how to run the app.
var ErrNoApp = errors.New("no cdk.json with an \"app\"")

// killDelay is how long an app may take to end once it is interrupted.
const killDelay = 3 * time.Second

// Check says what keeps the app from being run: a tool that is missing, or no command.
func (a App) Check() error {
	var errs []error
	for _, tool := range []struct{ name, why, where string }{
		{"go", "it compiles the app and the Lambda functions", "https://go.dev/dl"},
		{"node", "the CDK runs on Node.js", "https://nodejs.org"},
	} {
		if _, err := exec.LookPath(tool.name); err != nil {
			errs = append(errs, fmt.Errorf("%s is not on the PATH, and is needed: %s; install it from %s", tool.name, tool.why, tool.where))
		}
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	_, err := a.config()
	return err
}

// config is cdk.json's with what App overrides.
func (a App) config() (config, error) {
	c, err := readConfig(a.Dir)
	if err != nil {
		return config{}, err
	}
	if a.Command != "" {
		c.App = a.Command
	}
	if c.App == "" {
		dir, err := filepath.Abs(a.Dir)
		if err != nil {
			dir = a.Dir
		}
		return config{}, fmt.Errorf("%w in %s: run this in the folder of a CDK app, or name the command that runs the app", ErrNoApp, dir)
	}
	maps.Copy(c.Context, a.Context)
	return c, nil
}

// Synthesize runs the app and reads what it wrote. When ctx ends, the app and all that it started are killed.
func (a App) Synthesize(ctx context.Context) (*Assembly, error) {
	if err := a.Check(); err != nil {
		return nil, err
	}
	c, err := a.config()
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
	// ErrWaitDelay: the app succeeded, and left something behind that kept its output open.
	if err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		return nil, fmt.Errorf("run the CDK app: %s: %w%s", c.App, err, output.summary())
	}
	return Read(out)
}

// environment is this process's with what the CDK CLI sets. What is set already stays as it is, except for the account
// and the region: the platform has its own.
func (a App) environment() []string {
	env := append(os.Environ(), "CDK_DEFAULT_ACCOUNT="+a.Account, "CDK_DEFAULT_REGION="+a.Region)
	for _, fallback := range [][2]string{
		// Checks a template for what CloudFormation would refuse, which takes seconds and changes nothing.
		{"CDK_VALIDATION", "false"},
		// The banner about Node.js versions that have reached their end of life; the value is the version to be quiet about.
		{"JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20"},
	} {
		if _, set := os.LookupEnv(fallback[0]); !set {
			env = append(env, fallback[0]+"="+fallback[1])
		}
	}
	return env
}
