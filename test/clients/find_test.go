package clients

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// installed is the folder in which .ci/run installs clients.
const installed = "../../cdk.out/clients"

// client describes a client that runs scripts.
type client struct {
	name    string
	kind    string   // extension of the scripts
	command []string // the script's path follows
	env     []string
	missing string // why the client can't run; "" if it can
}

func findClients(t *testing.T) []client {
	root, err := filepath.Abs(installed)
	if err != nil {
		t.Fatal(err)
	}
	return append(findCLIs(t, root), findBoto3(root), findJavaScript(root))
}

// findCLIs returns a client for version 1 and one for version 2 of the AWS CLI. In the environment
// of a client, the command `aws` runs the client's version.
func findCLIs(t *testing.T, root string) []client {
	found := map[string]string{} // path of the command by the name of the client
	folders := append([]string{filepath.Join(root, "venv/bin")},
		filepath.SplitList(os.Getenv("PATH"))...)
	for _, folder := range folders {
		path := filepath.Join(folder, "aws")
		out, _ := exec.Command(path, "--version").CombinedOutput() // fails if there is no CLI
		version, ok := strings.CutPrefix(string(out), "aws-cli/")
		if !ok {
			continue
		}
		name := "aws-cli-" + version[:1]
		if found[name] == "" {
			found[name] = path
		}
	}
	var clients []client
	for _, name := range []string{"aws-cli-1", "aws-cli-2"} {
		c := client{name: name, kind: ".sh", command: []string{"bash", "-euo", "pipefail"}}
		if path := found[name]; path == "" {
			c.missing = name + " is not on the PATH"
		} else {
			c.env = []string{"PATH=" + wrapCLI(t, path) + ":" + os.Getenv("PATH")}
		}
		clients = append(clients, c)
	}
	return clients
}

// wrapCLI returns a folder with a command `aws`. The command passes the endpoint to the CLI as an
// option, because old versions of the CLI ignore AWS_ENDPOINT_URL.
func wrapCLI(t *testing.T, path string) string {
	folder := t.TempDir()
	wrapper := "#!/bin/sh\nexec '" + path + "' --endpoint-url \"$AWS_ENDPOINT_URL\" \"$@\"\n"
	if err := os.WriteFile(filepath.Join(folder, "aws"), []byte(wrapper), 0o700); err != nil {
		t.Fatal(err)
	}
	return folder
}

func findBoto3(root string) client {
	c := client{name: "boto3", kind: ".py", missing: "python3 with boto3 is not on the PATH"}
	for _, python := range []string{filepath.Join(root, "venv/bin/python"), "python3"} {
		if exec.Command(python, "-c", "import boto3").Run() == nil {
			c.command, c.missing = []string{python}, ""
			return c
		}
	}
	return c
}

func findJavaScript(root string) client {
	c := client{
		name: "javascript", kind: ".js", command: []string{"node"},
		missing: "node can't load @aws-sdk/client-s3: set NODE_PATH to its node_modules folder",
	}
	modules := filepath.Join(root, "node_modules") + ":" + os.Getenv("NODE_PATH")
	load := exec.Command("node", "-e", "require('@aws-sdk/client-s3')")
	load.Env = append(os.Environ(), "NODE_PATH="+modules)
	if load.Run() == nil {
		c.env, c.missing = []string{"NODE_PATH=" + modules}, ""
	}
	return c
}
