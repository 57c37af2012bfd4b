package cdkapp

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
)

// The variables with which the CDK CLI passes context values to an app.
const (
	contextVariable = "CDK_CONTEXT_JSON"
	// overflowVariable contains the path of a file with the context values that do not fit in
	// contextVariable.
	overflowVariable = "CONTEXT_OVERFLOW_LOCATION_ENV"
)

// environment returns the environment variables of the app. Like the CDK CLI, it always sets
// CDK_DEFAULT_ACCOUNT and CDK_DEFAULT_REGION. The app writes its cloud assembly to outDir, and its
// temporary files to tempDir.
func (a App) environment(values map[string]any, outDir, tempDir string) ([]string, error) {
	env := append(os.Environ(),
		"CDK_DEFAULT_ACCOUNT="+a.Account, "CDK_DEFAULT_REGION="+a.Region, "CDK_OUTDIR="+outDir)
	for _, variable := range []string{"TMPDIR", "TMP", "TEMP"} { // Unix uses the first one
		env = append(env, variable+"="+tempDir)
	}
	// Set these variables only if the environment of this process does not contain them.
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
	return addContext(env, values, filepath.Join(tempDir, "context-overflow.json"))
}

// addContext adds the variables that pass context values to the app. overflow is the path of the
// file for values that are too large for an environment variable.
func addContext(env []string, values map[string]any, overflow string) ([]string, error) {
	short, rest, err := splitContext(values, spaceForContext(env))
	if err != nil {
		return nil, fmt.Errorf("encode the app's context: %w", err)
	}
	text, err := json.Marshal(short)
	if err != nil {
		return nil, fmt.Errorf("encode the app's context: %w", err)
	}
	env = append(env, contextVariable+"="+string(text))
	if len(rest) == 0 {
		return env, nil
	}
	if text, err = json.Marshal(rest); err == nil {
		err = os.WriteFile(overflow, text, 0o600)
	}
	if err != nil {
		return nil, fmt.Errorf("write the app's context to a file: %w", err)
	}
	return append(env, overflowVariable+"="+overflow), nil
}

// spaceForContext returns the maximum size of the context in the environment, in bytes. Linux
// limits each variable; Windows limits the whole environment. Like the CDK CLI, spaceForContext
// always subtracts the other variables.
func spaceForContext(env []string) int {
	limit := 128 << 10
	if runtime.GOOS == "windows" {
		limit = 32760
	}
	for _, variable := range env {
		limit -= len(variable) + 1
	}
	return limit - len(contextVariable) - len("={}") - 1
}

// splitContext divides context values: the map short contains the shortest values, and rest
// contains the others. space is the maximum size of short as JSON, in bytes.
func splitContext(values map[string]any, space int) (short, rest map[string]any, err error) {
	sizes := map[string]int{}
	for key, value := range values {
		text, err := json.Marshal(map[string]any{key: value})
		if err != nil {
			return nil, nil, err
		}
		sizes[key] = len(text)
	}
	shortestFirst := slices.SortedFunc(maps.Keys(values), func(a, b string) int {
		return cmp.Or(cmp.Compare(sizes[a], sizes[b]), cmp.Compare(a, b))
	})
	short, rest = map[string]any{}, map[string]any{}
	for _, key := range shortestFirst {
		if space -= sizes[key]; space >= 0 {
			short[key] = values[key]
		} else {
			rest[key] = values[key]
		}
	}
	return short, rest, nil
}
