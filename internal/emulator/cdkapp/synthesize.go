package cdkapp

import (
	"cmp"
	"context"
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
	Command  string         // shell command or cloud assembly; "" takes "app" from cdk.json
	Context  map[string]any // context values that override the values in cdk.json
	Out      string         // folder for the cloud assembly
	Account  string         // value of CDK_DEFAULT_ACCOUNT
	Region   string         // value of CDK_DEFAULT_REGION
	Progress io.Writer      // receives the output of the app line by line
	// SSM maps the names of SSM parameters to their values, for apps that look up these parameters.
	SSM map[string]string
}

// ErrNoApp reports that neither App.Command nor cdk.json contains a command.
var ErrNoApp = errors.New(`found no cdk.json with the key "app"`)

// killDelay is how long an interrupted app may continue before it is killed.
const killDelay = 3 * time.Second

// Check returns an error if the app can't be run because a tool or the command is missing.
func (a App) Check() error {
	_, err := a.check()
	return err
}

// Assembly returns the folder of the cloud assembly, or "" if the app is a command. As in the CDK
// CLI, the key "app" in cdk.json contains the command or the folder.
func (a App) Assembly() (string, error) {
	c, err := a.config()
	return a.assemblyFolder(c), err
}

// config returns the configuration in cdk.json. a.Command overrides the command in cdk.json.
func (a App) config() (config, error) {
	c, err := readConfig(a.Dir)
	c.App = cmp.Or(a.Command, c.App)
	return c, err
}

// check returns the configuration in cdk.json. a.Command and a.Context override its values. If the
// app is a command, check also calls checkTools.
func (a App) check() (config, error) {
	c, err := a.config()
	if err != nil || a.assemblyFolder(c) != "" {
		return c, err
	}
	if err := checkTools(); err != nil {
		return config{}, err
	}
	if c.App == "" {
		dir, err := filepath.Abs(a.Dir)
		if err != nil {
			dir = a.Dir
		}
		return config{}, fmt.Errorf("the folder %s contains no CDK app: %w; change to the "+
			"folder of an app", dir, ErrNoApp)
	}
	maps.Copy(c.Context, a.Context)
	return c, nil
}

// assemblyFolder returns the path of the folder c.App, or "" if c.App is not a folder.
func (a App) assemblyFolder(c config) string {
	folder := c.App
	if !filepath.IsAbs(folder) {
		folder = filepath.Join(a.Dir, folder)
	}
	if info, err := os.Stat(folder); c.App == "" || err != nil || !info.IsDir() {
		return ""
	}
	return folder
}

// checkTools returns an error if go or node is not on the PATH.
func checkTools() error {
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
	return errors.Join(errs...)
}

// Synthesize runs the app and reads the cloud assembly that the app writes. If the app is a cloud
// assembly, Synthesize only reads it.
//
// If the app looks up values that the emulator knows, Synthesize runs the app again with these
// values. When ctx ends, Synthesize kills the app and its children.
func (a App) Synthesize(ctx context.Context) (*Assembly, error) {
	c, err := a.check()
	if err != nil {
		return nil, err
	}
	if folder := a.assemblyFolder(c); folder != "" {
		return Read(folder)
	}
	out, err := filepath.Abs(a.Out)
	if err != nil {
		return nil, fmt.Errorf("find the folder for the cloud assembly: %w", err)
	}
	known := knownValues{a.Account, a.Region, a.SSM}
	known.addExpected(c.Context)
	for {
		if err := a.run(ctx, c, out); err != nil {
			return nil, err
		}
		assembly, err := Read(out)
		if err != nil {
			return nil, err
		}
		if !known.add(c.Context, assembly.Lookups) {
			assembly.setKnownIn(c.lookedUp)
			return assembly, nil
		}
	}
}

// run runs the app, which writes its cloud assembly to outDir. Afterwards, run always removes the
// app's temporary files.
func (a App) run(ctx context.Context, c config, outDir string) error {
	if err := os.MkdirAll(filepath.Dir(outDir), 0o700); err != nil {
		return fmt.Errorf("create a folder for the cloud assembly: %w", err)
	}
	temp, err := os.MkdirTemp(filepath.Dir(outDir), "temp-")
	if err != nil {
		return fmt.Errorf("create a folder for the app's temporary files: %w", err)
	}
	defer func() { _ = os.RemoveAll(temp) }() // if this fails, the files stay next to a.Out
	env, err := a.environment(c.Context, outDir, temp)
	if err != nil {
		return err
	}
	if a.Progress != nil {
		warnOfNode(ctx, a.Progress)
	}
	output := &tail{out: a.Progress}
	cmd := shellCommand(ctx, c.App)
	cmd.Dir, cmd.Env = a.Dir, env
	cmd.Stdout, cmd.Stderr = output, output
	ownGroup(cmd)
	cmd.WaitDelay = killDelay
	err = cmd.Run()
	killGroup(cmd)
	output.flush()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	// ErrWaitDelay means that the app succeeded, but a child process kept the output open.
	if err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		return fmt.Errorf("run the CDK app with %q: %w%s", c.App, err, output.summary())
	}
	return nil
}
