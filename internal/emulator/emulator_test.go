package emulator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/activity"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/faults"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/awsconfig"
)

// testPipeline returns a copy of the cloud assembly testdata/pipeline. Its function is built for
// this machine.
var testPipeline = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "platform-test-")
	if err != nil {
		return "", err
	}
	if err := os.CopyFS(dir, os.DirFS("testdata/pipeline")); err != nil {
		return "", err
	}
	bootstrap := filepath.Join(dir, "asset.function", "bootstrap")
	out, err := exec.Command("go", "build", "-o", bootstrap, "./testdata/function").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build the function: %w\n%s", err, out)
	}
	return dir, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, err := testPipeline(); err == nil {
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}

// recorder records steps. A test can wait for a step.
type recorder struct {
	mu    sync.Mutex
	steps []activity.Step
	news  chan struct{} // add closes and replaces this channel
}

func (r *recorder) add(s activity.Step) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.steps = append(r.steps, s)
	close(r.news)
	r.news = make(chan struct{})
}

// wait waits until a step of an event is recorded, and returns the step.
func (r *recorder) wait(t *testing.T, name, eventID string) activity.Step {
	t.Helper()
	return r.waitFor(t, func(s activity.Step) bool {
		return s.Name == name && s.EventID == eventID
	})
}

// waitFor waits until hasProperty returns true for a recorded step, and returns the step.
func (r *recorder) waitFor(t *testing.T, hasProperty func(activity.Step) bool) activity.Step {
	t.Helper()
	timeout := time.After(2 * time.Minute)
	for {
		r.mu.Lock()
		i := slices.IndexFunc(r.steps, hasProperty)
		steps, news := r.steps, r.news
		r.mu.Unlock()
		if i >= 0 {
			return steps[i]
		}
		select {
		case <-news:
		case <-timeout:
			t.Fatalf("the step was not recorded; steps: %+v", steps)
		}
	}
}

// start starts a platform with the test pipeline and closes it when the test ends. setOptions can
// change the options; nil keeps them.
func start(t *testing.T, setOptions func(*Options)) (*Platform, *recorder) {
	t.Helper()
	dir, err := testPipeline()
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{news: make(chan struct{})}
	o := Options{Assembly: dir, Steps: r.add}
	if setOptions != nil {
		setOptions(&o)
	}
	p, err := New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Errorf("close the platform: %v", err)
		}
	})
	return p, r
}

// post posts an event to the API and returns the body of the response.
func post(t *testing.T, p *Platform, event string) string {
	t.Helper()
	response, err := http.Post(
		p.APIs[0].URL+"/events",
		"application/json",
		strings.NewReader(event),
	)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusAccepted {
		t.Fatalf("HTTP %d %s, %v", response.StatusCode, body, err)
	}
	return string(body)
}

func object(t *testing.T, p *Platform, key string) (status int, body string) {
	t.Helper()
	response, err := http.Get(p.AWS + "/" + p.Stacks[0].Outputs["Bucket"] + "/" + key)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(data)
}

func config(p *Platform) aws.Config {
	return aws.Config{
		Region:       p.Region,
		BaseEndpoint: &p.AWS,
		Credentials:  credentials.NewStaticCredentialsProvider("local", "local", ""),
		HTTPClient:   awsconfig.PlainBodies(awsconfig.NewHTTPClient()),
	}
}

func TestPlatform_DeliversEventFromAPIToBus(t *testing.T) {
	p, steps := start(t, nil)
	const event = `{"eventId":"e-1","eventType":"demo"}`
	post(t, p, event)
	for _, name := range []string{"accepted", "published", "processed"} {
		if s := steps.wait(t, name, "e-1"); s.EventType != "demo" || s.Time.IsZero() {
			t.Errorf("step %+v", s)
		}
	}
	if status, body := object(t, p, "e-1"); status != http.StatusOK || body != event {
		t.Errorf("get the object: HTTP %d %s", status, body)
	}
	seen, ok := p.services.SQS.QueueByName("seen")
	if !ok {
		t.Fatal("queue seen does not exist")
	}
	messages, err := seen.Receive(t.Context(), 10, time.Minute)
	if err != nil || len(messages) != 1 || !strings.Contains(messages[0].Body, `"e-1"`) {
		t.Errorf("the rule's target got %v, %v", messages, err)
	}
}

func TestPlatform_MovesFailingMessageToDLQ(t *testing.T) {
	p, steps := start(t, nil)
	post(t, p, `{"eventId":"bad","eventType":"poison"}`)
	post(t, p, `{"eventId":"good","eventType":"demo"}`)
	steps.wait(t, "processed", "good")
	steps.wait(t, "delivered again", "bad")
	steps.wait(t, "dead-lettered", "bad")
	if status, _ := object(t, p, "bad"); status != http.StatusNotFound {
		t.Errorf("get the object of the failed event: HTTP %d, want 404", status)
	}
}

func TestPlatform_RejectsRequestsFromOtherSites(t *testing.T) {
	p, steps := start(t, nil)
	post(t, p, `{"eventId":"e-1","eventType":"demo"}`)
	steps.wait(t, "processed", "e-1")
	for origin, want := range map[string]int{
		"https://evil.example":  http.StatusForbidden,
		"null":                  http.StatusForbidden,
		"http://localhost:3000": http.StatusOK,
	} {
		request, err := http.NewRequestWithContext(
			t.Context(),
			http.MethodGet,
			p.AWS+"/"+p.Stacks[0].Outputs["Bucket"]+"/e-1",
			nil,
		)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Origin", origin)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != want || response.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: HTTP %d, %v", origin, response.StatusCode, response.Header)
		}
	}
}

func TestPlatform_LeavesMessagesOnQueueWithoutWorker(t *testing.T) {
	p, steps := start(t, func(o *Options) { o.NoWorker = true })
	post(t, p, `{"eventId":"e-1","eventType":"demo"}`)
	steps.wait(t, "accepted", "e-1")
	url := p.Stacks[0].Outputs["QueueUrl"]
	out, err := sqs.NewFromConfig(config(p)).
		ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &url})
	if err != nil || len(out.Messages) != 1 {
		t.Errorf("received %v, %v", out, err)
	}
}

func TestPlatform_KeepsStateInDataFolder(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	first, steps := start(t, func(o *Options) { o.Data, o.NoWorker = data, true })
	post(t, first, `{"eventId":"e-1","eventType":"demo"}`)
	steps.wait(t, "accepted", "e-1")
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second, steps := start(t, func(o *Options) { o.Data = data })
	steps.wait(t, "processed", "e-1")
	if status, _ := object(t, second, "e-1"); status != http.StatusOK {
		t.Errorf("get the object: HTTP %d, want 200", status)
	}
}

func TestPlatform_PutsLocalURLsIntoOutputs(t *testing.T) {
	p, _ := start(t, nil)
	out, err := cloudformation.NewFromConfig(config(p)).
		DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{
			StackName: aws.String("Pipeline"),
		})
	if err != nil {
		t.Fatal(err)
	}
	outputs := map[string]string{}
	for _, o := range out.Stacks[0].Outputs {
		outputs[*o.OutputKey] = *o.OutputValue
	}
	if outputs["ApiUrl"] != p.APIs[0].URL+"/" || outputs["Endpoint"] != p.APIs[0].URL {
		t.Errorf("the API is at %s, outputs %v", p.APIs[0].URL, outputs)
	}
	if !strings.HasPrefix(outputs["Bucket"], "pipeline-silver-") {
		t.Errorf("the bucket is called %s, want pipeline-silver-…", outputs["Bucket"])
	}
	if api := post(t, p, `{"eventId":"e-1","eventType":"demo"}`); api != p.APIs[0].URL+"/" {
		t.Errorf("the function got the API's URL %s", api)
	}
}

func TestPlatform_ListsResourcesThatDoNotRun(t *testing.T) {
	p, _ := start(t, nil)
	want := []string{
		"AWS::CloudWatch::Alarm",
		"AWS::Lambda::Function on nodejs22.x",
		"Custom::Thing",
	}
	if !slices.Equal(p.NotRun, want) {
		t.Errorf("not run: %v, want %v", p.NotRun, want)
	}
}

func TestPlatform_StopsServersAndProcesses(t *testing.T) {
	p, steps := start(t, nil)
	post(t, p, `{"eventId":"e-1","eventType":"demo"}`)
	steps.wait(t, "processed", "e-1")
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	for _, url := range []string{p.AWS, p.APIs[0].URL} {
		_, err := net.DialTimeout(
			"tcp",
			strings.TrimPrefix(url, "http://"),
			time.Second,
		)
		if err == nil {
			t.Errorf("%s still listens", url)
		}
	}
	dir, err := testPipeline()
	if err != nil {
		t.Fatal(err)
	}
	if running := processesIn(t, dir); len(running) > 0 {
		t.Errorf("functions still run: %v", running)
	}
}

// processesIn searches the command lines of running processes for text. It returns the command
// lines that contain it. On systems without /proc it returns none.
func processesIn(t *testing.T, text string) []string {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, file := range files {
		line, err := os.ReadFile(file)
		// If the process has ended in the meantime, its file can't be read.
		if err == nil && bytes.Contains(line, []byte(text)) {
			found = append(found, string(line))
		}
	}
	return found
}

// pipelineWithProperties returns a copy of the test pipeline. edit can change the properties of the
// copy's resources.
func pipelineWithProperties(
	t *testing.T,
	edit func(properties func(logicalID string) map[string]any),
) (dir string) {
	t.Helper()
	return pipelineWithResources(t, func(resources map[string]map[string]any) {
		edit(
			func(id string) map[string]any { return resources[id]["Properties"].(map[string]any) },
		)
	})
}

// pipelineWithResources returns a copy of the test pipeline. edit can change the resources of the
// copy.
func pipelineWithResources(
	t *testing.T,
	edit func(resources map[string]map[string]any),
) (dir string) {
	t.Helper()
	original, err := testPipeline()
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(original)); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "Pipeline.template.json")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var template struct {
		Resources map[string]map[string]any
		Outputs   map[string]any
	}
	if err := json.Unmarshal(data, &template); err != nil {
		t.Fatal(err)
	}
	delete(template.Resources, "NotHere") // refers to a condition, which the copy does not contain
	edit(template.Resources)
	if data, err = json.Marshal(template); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestPlatform_ServesNamedStageUnderPathWithItsName(t *testing.T) {
	dir := pipelineWithProperties(
		t,
		func(properties func(string) map[string]any) { properties("Stage")["StageName"] = "v1" },
	)
	p, _ := start(t, func(o *Options) { o.Assembly = dir })
	if !strings.HasSuffix(p.APIs[0].URL, "/v1") {
		t.Errorf("the API is at %s, want a URL that ends with /v1", p.APIs[0].URL)
	}
	post(t, p, `{"eventId":"e-1","eventType":"demo"}`)
}

func TestPlatform_RecordsFailedFunction(t *testing.T) {
	dir := pipelineWithProperties(t, func(properties func(string) map[string]any) {
		properties("ApiFunction")["Environment"] = map[string]any{
			"Variables": map[string]any{"PIPELINE_ROLE": "api"},
		}
	})
	p, steps := start(t, func(o *Options) { o.Assembly = dir })
	response, err := http.Post(p.APIs[0].URL+"/events", "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusInternalServerError {
		t.Errorf("HTTP %d", response.StatusCode)
	}
	steps.wait(t, "not answered", "")
}

func TestPorts_AssignsNextFreePortsToLaterAPIs(t *testing.T) {
	free, err := listenOn("127.0.0.1", 0)
	if err != nil {
		t.Fatal(err)
	}
	port := free.Addr().(*net.TCPAddr).Port
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	p, err := listen("127.0.0.1", 0, port)
	if err != nil {
		t.Skipf("another process uses port %d: %v", port, err)
	}
	defer p.close()
	for i := range 3 {
		l, err := p.listenAPI()
		if err != nil {
			t.Fatal(err)
		}
		if got := l.Addr().(*net.TCPAddr).Port; got < port+i || got > port+portsTried ||
			(i == 0) != (got == port) {
			t.Errorf("API %d is on port %d, want the next free port from %d", i, got, port)
		}
	}
}

func TestNew_RejectsPortInUse(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).Port
	for _, o := range []Options{{AWSPort: port}, {APIPort: port}} {
		o.Assembly = "testdata/pipeline"
		var failure *PortError
		_, err := New(t.Context(), o)
		if !errors.As(err, &failure) || failure.Port != port || failure.AWS != (o.AWSPort == port) {
			t.Errorf("got %v", err)
		}
		want := fmt.Sprintf("port %d is in use", port)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestPortError_DistinguishesMissingPermissions(t *testing.T) {
	for err, want := range map[error]string{
		syscall.EADDRINUSE: "port 80 is in use",
		syscall.EACCES:     "this user may not listen on port 80",
	} {
		err = portError(80, true, &net.OpError{Op: "listen", Err: os.NewSyscallError("bind", err)})
		if !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestNew_RejectsDataFolderInUseBeforeBuilding(t *testing.T) {
	data := t.TempDir()
	start(t, func(o *Options) { o.Data = data })
	app := t.TempDir()
	_, err := New(t.Context(), Options{Dir: app, App: "touch built", Data: data})
	if err == nil || !strings.Contains(
		err.Error(),
		"another process is using it; stop that process or use a folder other than "+data,
	) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(filepath.Join(app, "built")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the app was built: %v", err)
	}
}

func TestNew_ReturnsErrorWithTheFailedResource(t *testing.T) {
	tests := []struct{ name, resource, want string }{
		{
			"unknown reference",
			`{"Type":"AWS::SQS::Queue","Properties":{"QueueName":{"Ref":"Nobody"}}}`,
			`resource R (AWS::SQS::Queue): Properties.QueueName.Ref`,
		},
		{
			"invalid name",
			`{"Type":"AWS::SQS::Queue","Properties":{"QueueName":"a b"}}`,
			`resource R (AWS::SQS::Queue)`,
		},
		{
			"invalid number",
			`{"Type":"AWS::SQS::Queue","Properties":{"VisibilityTimeout":"long"}}`,
			`a number, got "long"`,
		},
		{
			"unknown export",
			`{"Type":"AWS::SQS::Queue","Properties":{"QueueName":{"Fn::ImportValue":"x"}}}`,
			`no stack of this app exports "x"`,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			for file, text := range map[string]string{
				"manifest.json": `{"artifacts":{"S":{"type":"aws:cloudformation:stack",
					"properties":{"templateFile":"t.json"}}}}`,
				"t.json": `{"Resources":{"R":` + test.resource + `}}`,
			} {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			_, err := New(t.Context(), Options{Assembly: dir})
			if err == nil || !strings.Contains(err.Error(), "provision stack S: ") ||
				!strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestNew_RejectsFaultsThatCannotOccur(t *testing.T) {
	dir, err := testPipeline()
	if err != nil {
		t.Fatal(err)
	}
	for want, rule := range map[string]faults.Rule{
		`got "PutEventz"`:                  {Operation: "PutEventz"},
		`got "PutItem"; events has Create`: {Operation: "PutItem", Service: "events"},
		`got "wroker"; the functions are `: {Function: "wroker"},
		`GetObject`:                        {Operation: "getObject", Service: "s3"},
	} {
		_, err := New(
			t.Context(),
			Options{Assembly: dir, Faults: faults.Config{Rules: []faults.Rule{rule}}},
		)
		var faulty *FaultsError
		if !errors.As(err, &faulty) || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: got %v, want %s", rule, err, want)
		}
	}
	start(t, func(o *Options) {
		o.Faults.Rules = []faults.Rule{
			{
				Operation: "PutItem",
			},
			{Operation: "PutEvents", Service: "events", Function: "worker"},
			{Operation: "CopyObject", Service: "s3"},
			{Operation: "SendMessage", Service: "sqs"},
		}
	})
}

func TestNew_ReturnsWhenContextIsDone(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := New(ctx, Options{Assembly: "testdata/pipeline"})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
