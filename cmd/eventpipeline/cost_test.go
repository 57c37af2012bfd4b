package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// assemblyApp returns a command that acts as a CDK app: the command writes a cloud assembly with
// one stack for each template.
func assemblyApp(t *testing.T, templates map[string]string) string {
	t.Helper()
	dir, artifacts := t.TempDir(), map[string]any{}
	for stack, template := range templates {
		content, err := os.ReadFile(template)
		if err != nil {
			t.Fatal(err)
		}
		file := stack + ".template.json"
		if err := os.WriteFile(filepath.Join(dir, file), content, 0o600); err != nil {
			t.Fatal(err)
		}
		artifacts[stack] = map[string]any{
			"type": "aws:cloudformation:stack", "properties": map[string]any{"templateFile": file},
		}
	}
	manifest, err := json.Marshal(map[string]any{"artifacts": artifacts})
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "manifest.json"), manifest, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return "cp -r '" + dir + "' \"$CDK_OUTDIR\""
}

const prodTemplate = "../../test/templates/testdata/prod.template.json"

func TestCost_PrintsATableOf80Columns(t *testing.T) {
	app := assemblyApp(t, map[string]string{"prod": prodTemplate})
	for _, args := range [][]string{
		{"--events", "50M/month", "--per-request", "100", "--notifications", "PER_BATCH"},
		{"--events", "10000G/month", "--peak", "1000"},
		{"--events", "1"},
	} {
		code, out, errOut := runMain(t, append([]string{"cost", "--app", app}, args...)...)
		if code != exitOK || errOut != "" || !strings.Contains(out, "requests and compute") {
			t.Fatalf("%q: exit code %d\n%s%s", args, code, out, errOut)
		}
		for line := range strings.Lines(out) {
			if utf8.RuneCountInString(strings.TrimSuffix(line, "\n")) > 80 {
				t.Errorf("%q: longer than 80 columns: %s", args, line)
			}
		}
	}
}

func TestCost_PrintsJSON(t *testing.T) {
	app := assemblyApp(t, map[string]string{"prod": prodTemplate})
	code, out, errOut := runMain(t, "cost", "--app", app, "--json", "--events", "1000/s",
		"--per-request", "100", "--peak", "3", "--worker-duration", "250ms")
	if code != exitOK {
		t.Fatalf("exit code %d: %s", code, errOut)
	}
	var report costReport
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatal(err)
	}
	if report.Pipeline != "EventPipeline" || math.Abs(report.EventsPerSecond-1000) > 1e-6 ||
		report.Duration.Worker != 0.25 || report.RequestsPerMillion <= 0 ||
		len(report.Limits) < 8 || math.Abs(report.Limits[0].Used/report.Limits[0].Limit*
		report.Limits[0].Events-3000) > 1e-6 {
		t.Errorf("got %s", out)
	}
}

func TestCost_SelectsThePipeline(t *testing.T) {
	two := assemblyApp(t, map[string]string{
		"prod": prodTemplate, "keys": "../../test/templates/testdata/keys.template.json",
	})
	for _, test := range []struct {
		pipeline string
		code     int
		want     string
	}{
		{"keys/EventPipeline", exitOK, "KMS keys"},
		{"prod/EventPipeline", exitOK, "Pipeline EventPipeline"},
		{"EventPipeline", exitUsage, "keys/EventPipeline, prod/EventPipeline"},
		{"Orders", exitUsage, "keys/EventPipeline, prod/EventPipeline"},
	} {
		code, out, errOut := runMain(t, "cost", "--app", two, "--pipeline", test.pipeline)
		if code != test.code || !strings.Contains(out+errOut, test.want) {
			t.Errorf("%s: exit code %d\n%s%s", test.pipeline, code, out, errOut)
		}
	}
}

func TestCost_RejectsInvalidFlags(t *testing.T) {
	incomplete := filepath.Join(t.TempDir(), "prices.json")
	if err := os.WriteFile(incomplete, []byte(`{"region":"eu-west-1"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	app := assemblyApp(t, map[string]string{"prod": prodTemplate})
	for _, args := range [][]string{
		{"--events", "many"}, {"--events", "0/s"}, {"--events", "-1/s"}, {"--events", "5/year"},
		{"--events", "5m/month"}, {"--events", "1e99/s"}, {"--events", "99999999999999G"},
		{"--per-request", "0"}, {"--per-request", "1001"}, {"--bytes", "0"},
		{"--app", app, "--bytes", "1048577"},
		{"--app", app, "--bytes", "2000", "--per-request", "1000"},
		{"--peak", "0.5"}, {"--peak", "NaN"}, {"--types", "0"}, {"--notifications", "per_batch"},
		{"--worker-duration", "-1s"}, {"--prices", "missing.json"}, {"--prices", incomplete},
		{"--stack", "a", "--app", "b"}, {"--stack", "a", "--stage", "b"}, {"--stack", ""},
		{"argument"},
	} {
		args = append([]string{"cost"}, args...)
		if code, _, errOut := runMain(t, args...); code != exitUsage {
			t.Errorf("%q: exit code %d: %s", args, code, errOut)
		}
	}
}

func TestEventRate_IsPerMonth(t *testing.T) {
	for text, want := range map[string]float64{
		"50M/month": 50e6, "50M": 50e6, "1.5k/month": 1500, "2G/month": 2e9, "1000/s": 2.628e9,
		"1000/second": 2.628e9, "24/day": 730, "10/hour": 7300, "1/minute": 43_800,
	} {
		var rate eventRate
		if err := rate.Set(text); err != nil || math.Abs(float64(rate)-want) > want*1e-9 {
			t.Errorf("%s: %v events a month, %v; want %v", text, float64(rate), err, want)
		}
	}
}
