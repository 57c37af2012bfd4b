package main

import (
	"encoding/json"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
)

func TestVersionOf_ReadsTheBuildInformation(t *testing.T) {
	info := &debug.BuildInfo{
		Main: debug.Module{Version: "v1.2.3"},
		Settings: []debug.BuildSetting{
			{Key: "vcs.revision", Value: "0123456789abcdef0123"},
			{Key: "vcs.modified", Value: "true"},
		},
	}
	for want, info := range map[string]*debug.BuildInfo{
		"v1.2.3 (0123456789ab, modified)": info, "(devel)": nil,
		"v2.0.0": {Main: debug.Module{Version: "v2.0.0"}},
	} {
		if got := versionOf(info).String(); got != want {
			t.Errorf("version %q, want %q", got, want)
		}
	}
}

func TestVersion_PrintsTheVersion(t *testing.T) {
	code, out, errOut := runMain(t, "version")
	if code != exitOK || errOut != "" || !strings.HasPrefix(out, "version") ||
		!strings.Contains(out, runtime.Version()) {
		t.Errorf("exit code %d, printed %q, %q", code, out, errOut)
	}
	code, out, errOut = runMain(t, "--version")
	if code != exitOK || errOut != "" || !strings.HasPrefix(out, "eventpipeline version ") {
		t.Errorf("exit code %d, printed %q, %q", code, out, errOut)
	}
	var v buildVersion
	_, out, _ = runMain(t, "version", "--json")
	if err := json.Unmarshal([]byte(out), &v); err != nil || v.Version == "" || v.Go == "" {
		t.Errorf("printed %q: %v", out, err)
	}
}
