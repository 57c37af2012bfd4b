package reuse

import (
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	source "github.com/event-driven-cloud-platform/eventpipeline"
)

// The first synth downloads only the modules that the functions import. Go's module graph pruning
// excludes the other modules of go.mod, such as the CDK with its 100 MB.
func TestFunctions_DownloadFewModules(t *testing.T) {
	zips := downloadSizes(t)
	var bytes int64
	for name, size := range zips {
		bytes += size
		for _, other := range []string{"aws-cdk-go", "jsii", "cdk-nag", "tidwall", "minidyn"} {
			if strings.Contains(name, other) {
				t.Errorf("the functions' build downloads %s", name)
			}
		}
	}
	megabytes := math.Round(float64(bytes)/1e5) / 10
	t.Logf("%d modules, %.1f MB", len(zips), megabytes)
	if len(zips) == 0 || len(zips) > 30 || megabytes > 6 {
		t.Errorf("the functions' build downloads %d modules, %.1f MB, want about 25 and 5.5: "+
			"check the imports", len(zips), megabytes)
	}

	text, err := os.ReadFile(filepath.Join(root, "docs", "reuse.md"))
	if err != nil {
		t.Fatal(err)
	}
	documented := regexp.MustCompile(`\d+ modules, [\d.]+ MB`).FindString(string(text))
	want := fmt.Sprintf("%d modules, %.1f MB", len(zips), megabytes)
	if documented != want {
		t.Errorf("docs/reuse.md documents %q, want %q", documented, want)
	}
}

// downloadSizes builds the functions with an empty module cache, and returns the sizes of the
// downloaded module zips.
func downloadSizes(t *testing.T) map[string]int64 {
	t.Helper()
	cache := filepath.Join(goEnv(t, "GOMODCACHE"), "cache", "download")
	proxies := "file://" + filepath.ToSlash(cache) + "," + goEnv(t, "GOPROXY")
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	dir, err := source.Dir(nil)
	if err != nil {
		t.Fatal(err)
	}
	empty := t.TempDir()
	env := []string{
		"GOMODCACHE=" + empty, "GOPROXY=" + proxies, "GOWORK=off",
		"GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0",
		"GOFLAGS=-mod=readonly -modcacherw -tags=lambda.norpc",
	}
	if err := run(dir, env, "go", "list", "-deps", "./functions/..."); err != nil {
		t.Fatal(err)
	}
	zips := map[string]int64{}
	downloads := filepath.Join(empty, "cache", "download")
	err = filepath.WalkDir(downloads, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".zip" {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			zips[strings.TrimPrefix(path, empty)] = info.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return zips
}
