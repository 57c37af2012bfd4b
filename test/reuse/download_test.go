package reuse

import (
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	source "github.com/event-driven-cloud-platform/eventpipeline"
)

// Who synthesizes waits for this: go takes the modules that the functions link, and, by pruning the graph, no others of
// the go.mod that comes with the sources. The CDK alone would be 100 MB.
func TestLambdas_AreBuiltFromFewDownloads(t *testing.T) {
	zips := downloadSizes(t)
	var bytes int64
	for name, size := range zips {
		bytes += size
		for _, other := range []string{"aws-cdk-go", "jsii", "cdk-nag", "gofakes3", "minidyn"} {
			if strings.Contains(name, other) {
				t.Errorf("the Lambdas' build downloads %s", name)
			}
		}
	}
	megabytes := math.Round(float64(bytes)/1e5) / 10
	t.Logf("%d modules, %.1f MB", len(zips), megabytes)
	if len(zips) == 0 || len(zips) > 30 || megabytes > 6 {
		t.Errorf("the Lambdas' build downloads %d modules, %.1f MB; it was 24 and 4.6: what does a function import?", len(zips), megabytes)
	}

	text, err := os.ReadFile(filepath.Join(root, "docs", "reuse.md"))
	if err != nil {
		t.Fatal(err)
	}
	stated := regexp.MustCompile(`(\d+) modules, ([\d.]+) MB`).FindStringSubmatch(string(text))
	if stated == nil || stated[1] != strconv.Itoa(len(zips)) || stated[2] != strconv.FormatFloat(megabytes, 'f', 1, 64) {
		t.Errorf("docs/reuse.md says %q; it is %d modules, %.1f MB", stated, len(zips), megabytes)
	}
}

// downloadSizes are the modules that an empty module cache gets for the functions' build, with the bytes of their zips.
func downloadSizes(t *testing.T) map[string]int64 {
	t.Helper()
	proxies := "file://" + filepath.ToSlash(filepath.Join(goEnv(t, "GOMODCACHE"), "cache", "download")) + "," + goEnv(t, "GOPROXY")
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	dir, err := source.Dir(nil)
	if err != nil {
		t.Fatal(err)
	}
	empty := t.TempDir()
	env := []string{"GOMODCACHE=" + empty, "GOPROXY=" + proxies, "GOWORK=off", "GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0",
		"GOFLAGS=-mod=readonly -modcacherw -tags=lambda.norpc"}
	if err := run(dir, env, "go", "list", "-deps", "./functions/..."); err != nil {
		t.Fatal(err)
	}
	zips := map[string]int64{}
	err = filepath.WalkDir(filepath.Join(empty, "cache", "download"), func(path string, entry fs.DirEntry, err error) error {
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
