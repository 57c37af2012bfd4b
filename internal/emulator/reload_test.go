package emulator

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/activity"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cloudformation"
)

// script acts as a CDK app. It writes a cloud assembly to CDK_OUTDIR. The assets' names contain a
// checksum of the sources.
const script = `set -e
mkdir -p "$CDK_OUTDIR"
asset=$(cat function/*.go | cksum | cut -d' ' -f1)
go build -o "$CDK_OUTDIR/asset.$asset/bootstrap" ./function
for file in *.json; do
  sed "s/asset\.function/asset.$asset/; s/function\.zip/$asset.zip/" "$file" > "$CDK_OUTDIR/$file"
done
`

// app represents a folder with the sources and the templates of the test pipeline.
type app struct{ dir string }

func newApp(t *testing.T) app {
	t.Helper()
	a := app{t.TempDir()}
	for from, to := range map[string]string{
		"testdata/pipeline": ".",
		"testdata/function": "function",
	} {
		if err := os.CopyFS(filepath.Join(a.dir, to), os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		content, err := os.ReadFile(filepath.Join("..", "..", name))
		if err != nil {
			t.Fatal(err)
		}
		a.write(t, name, string(content))
	}
	a.write(t, "cdk.json", `{"app": "sh build.sh"}`)
	a.write(t, "build.sh", script)
	return a
}

func (a app) write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(a.dir, name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// edit replaces a text in a file. The file must contain the old text.
func (a app) edit(t *testing.T, name, old, text string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(a.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(content), old) {
		t.Fatalf("%s has no %q", name, old)
	}
	a.write(t, name, strings.ReplaceAll(string(content), old, text))
}

// run starts a platform that reloads the app when its sources change.
func (a app) run(t *testing.T) (*Platform, *recorder) {
	t.Helper()
	return start(t, func(o *Options) { o.Assembly, o.Dir, o.Watch = "", a.dir, true })
}

// countSteps returns how often a step with the name and the source was recorded.
func (r *recorder) countSteps(name, source string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, s := range r.steps {
		if s.Name == name && s.Source == source {
			n++
		}
	}
	return n
}

// waitTimes waits until a step with the name and the source was recorded n times. It returns the
// last step.
func (r *recorder) waitTimes(t *testing.T, n int, name, source string) activity.Step {
	t.Helper()
	timeout := time.After(2 * time.Minute) // long enough for a slow build
	for {
		r.mu.Lock()
		steps, news := slices.Clone(r.steps), r.news
		r.mu.Unlock()
		matching := slices.DeleteFunc(
			slices.Clone(steps),
			func(s activity.Step) bool { return s.Name != name || s.Source != source },
		)
		if len(matching) >= n {
			return matching[len(matching)-1]
		}
		select {
		case <-news:
		case <-timeout:
			t.Fatalf("%s %s was not recorded %d times; steps: %+v", name, source, n, steps)
		}
	}
}

// record is an expression in the source of the emulated function: the text that the function writes
// to the bucket. Tests replace record with versionSource, which adds the function's version.
const record = `strings.NewReader(body)`

func versionSource(version string) string { return `strings.NewReader("` + version + ` "+body)` }

func TestReload_LosesNoEventUnderLoad(t *testing.T) {
	a := newApp(t)
	// The visibility timeout must be long, even for a slow machine. Then a message is delivered
	// again only if a reload aborted its batch. In this case, the test fails.
	a.edit(t, "Pipeline.template.json", `"VisibilityTimeout": "1"`, `"VisibilityTimeout": "60"`)
	p, steps := a.run(t)
	var posted atomic.Int64
	stop, stopped := make(chan struct{}), make(chan struct{})
	const clients = 4
	for range clients {
		go func() {
			defer func() { stopped <- struct{}{} }()
			for {
				select {
				case <-stop:
					return
				default:
				}
				id := fmt.Sprintf("e-%d", posted.Add(1))
				response, err := http.Post(
					p.APIs[0].URL+"/events",
					"application/json",
					strings.NewReader(`{"eventId":"`+id+`","eventType":"demo"}`),
				)
				if err != nil {
					t.Errorf("event %s: %v", id, err)
					return
				}
				response.Body.Close()
				if response.StatusCode != http.StatusAccepted {
					t.Errorf("event %s: HTTP %d", id, response.StatusCode)
				}
			}
		}()
	}
	current := record
	for i := range 3 {
		a.edit(t, "function/main.go", current, versionSource(fmt.Sprintf("v%d", i+1)))
		current = versionSource(fmt.Sprintf("v%d", i+1))
		steps.waitTimes(t, i+1, "reloaded", "worker")
	}
	close(stop)
	for range clients {
		<-stopped
	}
	post(t, p, `{"eventId":"last","eventType":"demo"}`)
	steps.wait(t, "processed", "last")
	versions := map[string]int{}
	for n := range posted.Load() {
		id := fmt.Sprintf("e-%d", n+1)
		steps.wait(t, "processed", id)
		_, body := object(t, p, id)
		version, _, _ := strings.Cut(body, "{")
		versions[version]++
	}
	if _, body := object(t, p, "last"); !strings.HasPrefix(body, "v3 {") {
		t.Errorf("the last event's record is %s, want version v3", body)
	}
	if versions[""] == 0 || versions["v1 "] == 0 || versions["v2 "] == 0 {
		t.Errorf("records by version: %v, want records of each version", versions)
	}
	for _, name := range []string{
		"failed",
		"batch failed",
		"delivered again",
		"dead-lettered",
		"not answered",
	} {
		if n := steps.countSteps(name, "worker"); n > 0 {
			t.Errorf("%s: %d times", name, n)
		}
	}
	t.Logf("%d events, records by version: %v", posted.Load(), versions)
	builds, err := os.ReadDir(p.builds.dir())
	if err != nil || len(builds) > 2 {
		t.Errorf("kept %d builds, want at most 2, %v", len(builds), err)
	}
}

func TestReload_KeepsOldCodeIfBuildFails(t *testing.T) {
	a := newApp(t)
	p, steps := a.run(t)
	a.edit(t, "function/main.go", record, "strings.NewReeder(body)")
	failed := steps.waitTimes(t, 1, "not reloaded", "")
	if !strings.Contains(failed.Output, "undefined: strings.NewReeder") ||
		failed.Level != slog.LevelError {
		t.Errorf("step %+v", failed)
	}
	post(t, p, `{"eventId":"e-1","eventType":"demo"}`)
	steps.wait(t, "processed", "e-1")
	a.edit(t, "function/main.go", "strings.NewReeder(body)", versionSource("v2"))
	steps.waitTimes(t, 1, "reloaded", "worker")
	post(t, p, `{"eventId":"e-2","eventType":"demo"}`)
	steps.wait(t, "processed", "e-2")
	if _, body := object(t, p, "e-2"); !strings.HasPrefix(body, "v2 ") {
		t.Errorf("the record is %s, want version v2", body)
	}
}

func TestReload_RecordsChangesThatNeedARestart(t *testing.T) {
	a := newApp(t)
	p, steps := a.run(t)
	// A changed queue needs a restart, but functions are still replaced.
	a.edit(t, "Pipeline.template.json", `"VisibilityTimeout": "1"`, `"VisibilityTimeout": "2"`)
	a.edit(t, "function/main.go", record, versionSource("v2"))
	// Change cdk.json, too. It is the only JSON file in the app's folder that the platform watches.
	a.edit(
		t,
		"cdk.json",
		`{`,
		`{ `,
	)
	steps.waitTimes(t, 1, "reloaded", "worker")
	got := detailText(steps.waitTimes(t, 1, "restart needed", ""))
	if got != `for=["Queue (AWS::SQS::Queue)"] oldCode=[]` {
		t.Errorf("restart needed %s", got)
	}
	// The worker refers to a new resource, so it keeps its old code. The other function is
	// replaced.
	a.edit(
		t,
		"Pipeline.template.json",
		`"BUS": {"Ref": "Bus"}`,
		`"BUS": {"Ref": "Bus"}, "NEW": {"Ref": "New"}`,
	)
	a.edit(
		t,
		"Pipeline.template.json",
		`"Seen": {"Type"`,
		`"New": {"Type": "AWS::SQS::Queue"}, "Seen": {"Type"`,
	)
	a.edit(t, "function/main.go", versionSource("v2"), versionSource("v3"))
	got = detailText(steps.waitTimes(t, 2, "restart needed", ""))
	if got != `for=["New (AWS::SQS::Queue)","Queue (AWS::SQS::Queue)"] oldCode=["worker"]` {
		t.Errorf("restart needed %s", got)
	}
	if n := steps.countSteps("reloaded", "worker"); n != 1 {
		t.Errorf("the worker was reloaded %d times, want once", n)
	}
	steps.waitTimes(t, 2, "reloaded", functionName(t, p, "ApiFunction"))
	post(t, p, `{"eventId":"e-1","eventType":"demo"}`)
	steps.wait(t, "processed", "e-1")
	if _, body := object(t, p, "e-1"); !strings.HasPrefix(body, "v2 ") {
		t.Errorf("the record is %s, want version v2", body)
	}
}

// functionName returns the physical name of a function of the test pipeline.
func functionName(t *testing.T, p *Platform, logicalID string) string {
	t.Helper()
	return cloudformation.PhysicalName(p.Stacks[0].Name, logicalID, 64)
}

func detailText(s activity.Step) string {
	var all []string
	for _, d := range s.Details {
		all = append(all, d.Name+"="+string(d.Value))
	}
	return strings.Join(all, " ")
}

func TestReload_ReplacesFunctionIfEnvironmentChanged(t *testing.T) {
	a := newApp(t)
	p, steps := a.run(t)
	post(t, p, `{"eventId":"e-1","eventType":"demo"}`)
	a.edit(
		t,
		"Pipeline.template.json",
		`"PIPELINE_ROLE": "api",`,
		`"PIPELINE_ROLE": "api", "GREETING": "hello",`,
	)
	a.edit(t, "cdk.json", `{`, `{ `)
	api := functionName(t, p, "ApiFunction")
	steps.waitTimes(t, 1, "reloaded", api)
	response, err := http.Get(p.AWS + "/2015-03-31/functions/" + api + "/configuration")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var configuration struct {
		Environment struct{ Variables map[string]string }
	}
	if err := json.NewDecoder(response.Body).
		Decode(&configuration); err != nil ||
		configuration.Environment.Variables["GREETING"] != "hello" {
		t.Errorf("configuration %+v, %v", configuration, err)
	}
	post(t, p, `{"eventId":"e-2","eventType":"demo"}`)
	a.edit(t, "cdk.json", `{ `, `{  `)
	steps.waitTimes(t, 1, "nothing to reload", "")
	if n := steps.countSteps("reloaded", "worker"); n != 0 {
		t.Errorf("the worker, which did not change, was reloaded %d times", n)
	}
}

func TestReload_StopsBuildOnClose(t *testing.T) {
	a := newApp(t)
	p, steps := a.run(t)
	a.write(t, "build.sh", "sleep 1017 # Close must interrupt it")
	a.edit(t, "cdk.json", `{`, `{ `)
	steps.waitTimes(t, 1, "changed", "")
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if running := processesIn(t, "sleep\x001017"); len(running) > 0 {
		t.Errorf("the build still runs: %q", running)
	}
}
