// Command app acts as a CDK app. It writes a cloud assembly with one stack, whose template contains
// the app's context and environment. It leaves a temporary file.
//
// The context value "mode" makes the app fail. The context value "lookups" lists the app's
// look-ups.
package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

func main() {
	if len(os.Args) > 1 {
		linger()
	}
	context := readContext()
	write(filepath.Join(os.TempDir(), "jsii-kernel"), "")
	fmt.Println("synthesizing")
	switch context["mode"] {
	case "panic":
		fmt.Println("some warning")
		panic("the stack has no name")
	case "fail":
		fmt.Fprint(os.Stderr, "error: no such stage")
		os.Exit(3)
	case "hang":
		child := exec.Command(os.Args[0], "child")
		child.Stdout = os.Stdout
		if err := child.Run(); err != nil {
			panic(err)
		}
	}
	if err := os.MkdirAll(os.Getenv("CDK_OUTDIR"), 0o700); err != nil {
		panic(err)
	}
	environment := map[string]string{
		"account":    os.Getenv("CDK_DEFAULT_ACCOUNT"),
		"region":     os.Getenv("CDK_DEFAULT_REGION"),
		"validation": os.Getenv("CDK_VALIDATION"),
	}
	template, err := json.Marshal(map[string]any{
		"Metadata": map[string]any{"context": context, "environment": environment},
	})
	if err != nil {
		panic(err)
	}
	missing := []any{}
	lookups, _ := context["lookups"].([]any)
	for _, lookup := range lookups {
		if _, known := context[lookup.(map[string]any)["key"].(string)]; !known {
			missing = append(missing, lookup)
		}
	}
	manifest, err := json.Marshal(map[string]any{
		"artifacts": map[string]any{"S": map[string]any{
			"type":       "aws:cloudformation:stack",
			"properties": map[string]string{"templateFile": "S.template.json"},
		}},
		"missing": missing,
	})
	if err != nil {
		panic(err)
	}
	out := os.Getenv("CDK_OUTDIR")
	write(filepath.Join(out, "S.template.json"), string(template))
	write(filepath.Join(out, "manifest.json"), string(manifest))
}

// readContext reads the context from the environment, and from the file with the values that do not
// fit in the environment.
func readContext() map[string]any {
	var context map[string]any
	if err := json.Unmarshal([]byte(os.Getenv("CDK_CONTEXT_JSON")), &context); err != nil {
		panic(err)
	}
	if file := os.Getenv("CONTEXT_OVERFLOW_LOCATION_ENV"); file != "" {
		content, err := os.ReadFile(file)
		if err != nil {
			panic(err)
		}
		if err := json.Unmarshal(content, &context); err != nil {
			panic(err)
		}
	}
	return context
}

func write(file, text string) {
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		panic(err)
	}
}

// linger is the main function of the child process. It listens on a port for at most a minute.
func linger() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println("listening on", listener.Addr())
	time.Sleep(time.Minute)
	os.Exit(1)
}
