package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/event-driven-cloud-platform/eventpipeline"

// copyConsumerApps creates a folder with two modules of a consumer:
//   - shop: a CDK app with two pipelines, but no context, stages or outputs
//   - returns: the worker of the second pipeline
func copyConsumerApps(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{"consumer": "shop", "returns": "returns"} {
		at := filepath.Join(dir, to)
		if err := os.CopyFS(at, os.DirFS(filepath.Join("testdata", from))); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"go.mod", "go.sum"} {
			content, err := os.ReadFile(filepath.Join(root, name))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(at, name), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		edit := exec.Command("go", "mod", "edit", "-module=example.com/"+to,
			"-require="+module+"@v0.0.0", "-replace="+module+"="+root)
		edit.Dir = at
		if out, err := edit.CombinedOutput(); err != nil {
			t.Fatalf("go mod edit: %v\n%s", err, out)
		}
	}
	t.Setenv("GOFLAGS", "-mod=mod") // the copied go.mod and go.sum contain unused modules
	return dir
}

func TestConsumer_RunsAndReloadsTheApp(t *testing.T) {
	dir := copyConsumerApps(t)
	p := startIn(t, filepath.Join(dir, "shop"), "--watch")
	for _, want := range []string{"AWS::SNS::Topic", "target of rule shop-backend-OnProcessed"} {
		matches := func(entry string) bool { return strings.HasPrefix(entry, want) }
		if !slices.ContainsFunc(p.NotRun, matches) {
			t.Errorf("not run: %q, want %s", p.NotRun, want)
		}
	}
	cli := func(args ...string) string {
		t.Helper()
		out, err := command(t.Context(), append(args, "--aws", p.AWS)...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	sendOne := func(pipeline string) (id string) {
		t.Helper()
		words := strings.Fields(cli("send", "--count", "1", "--pipeline", pipeline))
		return words[len(words)-1] // the output ends with the event id
	}
	// waitProcessed waits until the event is processed. If the event was filtered, waitProcessed
	// returns the filter code, otherwise "".
	waitProcessed := func(pipeline, id string) (filterCode string) {
		t.Helper()
		waitUntil(t, func() string {
			var status struct {
				Status  string
				Dropped struct{ Code string }
			}
			out := cli("status", id, "--json", "--pipeline", pipeline)
			err := json.Unmarshal([]byte(out), &status)
			if err != nil || status.Status != "PROCESSED" {
				return "event " + id + " is " + status.Status
			}
			filterCode = status.Dropped.Code
			return ""
		})
		return filterCode
	}
	waitForOutput := func(text string) {
		t.Helper()
		waitUntil(t, func() string {
			if !strings.Contains(p.log.tail(1<<20), text) {
				return "no output " + text
			}
			return ""
		})
	}

	replaceIn := func(file, old, text string) {
		t.Helper()
		file = filepath.Join(dir, filepath.FromSlash(file))
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		changed := strings.ReplaceAll(string(source), old, text)
		if err := os.WriteFile(file, []byte(changed), 0o600); err != nil {
			t.Fatal(err)
		}
	}

	first := sendOne("Orders")
	waitProcessed("Orders", first)
	waitForOutput(`"step":"notified","eventId":"` + first)
	replaceIn("shop/functions/notify/main.go", "event notified", "event notified anew")
	waitForOutput(`"step":"reloaded","source":"shop-backend-Notify`)
	second := sendOne("Orders")
	waitProcessed("Orders", second)
	waitForOutput(`"step":"notified anew","eventId":"` + second)

	// The second pipeline, Returns, is in a nested stack. Its worker is in another module.
	returned := sendOne("Returns")
	if code := waitProcessed("Returns", returned); code != "first" {
		t.Errorf("the event of Returns was filtered as %q", code)
	}
	waitForOutput(`"step":"notified anew","eventId":"` + returned)
	replaceIn("returns/main.go", `"first"`, `"second"`)
	waitForOutput(`"step":"reloaded","source":"shop-backend-Nested`)
	if code := waitProcessed("Returns", sendOne("Returns")); code != "second" {
		t.Errorf("the new code filtered the event of Returns as %q", code)
	}
	output := cli("dlq", "list", "--pipeline", "Returns")
	if !strings.Contains(output, "The DLQ is empty") {
		t.Errorf("the DLQ of Returns: %s", output)
	}
	replay := cli("replay", "--pipeline", "Orders", "--type", "demo", "--from", "1h", "--dry-run")
	if !strings.Contains(replay, "to replay  2") {
		t.Errorf("replay of Orders: %s", replay)
	}
	out, err := command(t.Context(), "dlq", "list", "--aws", p.AWS).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "choose one with --pipeline: Orders, Returns") {
		t.Errorf("without --pipeline: %v %s", err, out)
	}
}
