// Package clients tests the local platform with AWS clients of other projects.
//
// Each file in testdata is a script for one kind of client. A script fails if its exit code is not
// 0. To test another behavior, add a script. The extension selects the client:
//   - .sh: the AWS CLI
//   - .py: boto3
//   - .js: the AWS SDK for JavaScript
//
// The clients come from the folder cdk.out/clients, where .ci/run installs them, or from the PATH
// and NODE_PATH. The test skips the scripts of a missing client. If the environment variable
// CLIENTS_REQUIRED contains the client's name, the test fails instead.
package clients

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator"
)

// scriptTimeout limits the duration of one script.
const scriptTimeout = 5 * time.Minute

func TestClients(t *testing.T) {
	scripts, err := filepath.Glob("testdata/*.*")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("found no script in testdata: %v", err)
	}
	clients := findClients(t)
	for _, script := range scripts {
		for _, c := range clients {
			if c.kind == filepath.Ext(script) {
				t.Run(filepath.Base(script)+"/"+c.name, func(t *testing.T) {
					t.Parallel()
					run(t, c, script)
				})
			}
		}
	}
}

// run runs a script. Its environment contains the AWS clients' variables, the URL of the HTTP API
// as API_URL, and a unique name for resources as NAME.
func run(t *testing.T, c client, script string) {
	if c.missing != "" {
		if slices.Contains(strings.Fields(os.Getenv("CLIENTS_REQUIRED")), c.name) {
			t.Fatal(c.missing)
		}
		t.Skip(c.missing)
	}
	p, err := platform()
	if err != nil {
		t.Fatal(err)
	}
	path, err := filepath.Abs(script)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), scriptTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.command[0], append(c.command[1:], path)...)
	cmd.Dir = t.TempDir()
	cmd.WaitDelay = time.Second // a child that keeps the output open must not block the test
	topic := strings.TrimSuffix(filepath.Base(script), c.kind)
	cmd.Env = append(os.Environ(),
		"AWS_ENDPOINT_URL="+p.AWS, "AWS_REGION="+p.Region, "AWS_DEFAULT_REGION="+p.Region,
		"AWS_ACCESS_KEY_ID="+emulator.LocalKey, "AWS_SECRET_ACCESS_KEY="+emulator.LocalKey,
		"AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull,
		"AWS_EC2_METADATA_DISABLED=true", "AWS_PAGER=",
		"API_URL="+p.APIs[0].URL, "NAME="+topic+"-"+c.name)
	cmd.Env = append(cmd.Env, c.env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// platform starts the platform that all scripts use. Its resources are the same as in the tests of
// package emulator.
var platform = sync.OnceValues(func() (*emulator.Platform, error) {
	const emulatorTests = "../../internal/emulator/testdata/"
	dir, err := os.MkdirTemp("", "clients-test-")
	if err != nil {
		return nil, err
	}
	assembly = dir
	if err := os.CopyFS(dir, os.DirFS(emulatorTests+"pipeline")); err != nil {
		return nil, err
	}
	bootstrap := filepath.Join(dir, "asset.function", "bootstrap")
	build := exec.Command("go", "build", "-o", bootstrap, emulatorTests+"function")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return nil, err
	}
	p, err := emulator.New(context.Background(), emulator.Options{Assembly: dir})
	running = p
	return p, err
})

// The running platform and the folder of its assembly. TestMain closes and removes them.
var (
	running  *emulator.Platform
	assembly string
)

func TestMain(m *testing.M) {
	code := m.Run()
	if running != nil {
		if err := running.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "close the platform:", err)
			code = 1
		}
	}
	if err := os.RemoveAll(assembly); err != nil {
		fmt.Fprintln(os.Stderr, "remove the assembly:", err)
		code = 1
	}
	os.Exit(code)
}
