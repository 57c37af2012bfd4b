package eventpipeline

import "testing"

// What the bootstraps are in the end, test/templates sees; for a Mac it would have to compile everything once more.
func TestBuildEnvironment_IsForThePlatform(t *testing.T) {
	for platform, want := range map[string][2]string{
		"":             {"", ""},
		"linux/amd64":  {"linux", "amd64"},
		"darwin/arm64": {"darwin", "arm64"},
	} {
		got := map[string]string{}
		for name, value := range buildEnvironment(platform, map[string]string{"GOFLAGS": "-trimpath", "GOWORK": "off"}) {
			got[name] = *value
		}
		if got["GOOS"] != want[0] || got["GOARCH"] != want[1] {
			t.Errorf("platform %q builds for %s/%s", platform, got["GOOS"], got["GOARCH"])
		}
		if got["GOFLAGS"] != "-trimpath" || got["GOWORK"] != "off" {
			t.Errorf("platform %q builds with GOFLAGS=%s GOWORK=%s", platform, got["GOFLAGS"], got["GOWORK"])
		}
		if experiment, set := got["GOEXPERIMENT"]; got["GOARM64"] != "v8.0" || got["GOAMD64"] != "v1" || !set || experiment != "" {
			t.Errorf("platform %q builds for the processor of whoever builds: %v", platform, got)
		}
	}
}
