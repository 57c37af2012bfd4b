package cdkapp

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWarnOfNode_WarnsOfOldVersionsOnly(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	for version, want := range map[string]bool{
		"v18.20.4": true, "v21.9.0": true, "v22.0.0": false, "v100.1.0": false, "unknown": false,
	} {
		script := "#!/bin/sh\necho " + version + "\n"
		if err := os.WriteFile(filepath.Join(dir, "node"), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		warnOfNode(t.Context(), &out)
		if strings.Contains(out.String(), "got "+version) != want {
			t.Errorf("%s: wrote %q", version, &out)
		}
	}
}
