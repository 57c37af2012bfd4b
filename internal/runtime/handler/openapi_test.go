package handler

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/jsonpointer"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/violation"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/testing/badinput"
)

const openAPIFile = "../../../docs/openapi.json"

// openAPI represents docs/openapi.json: its schemas, and its responses by path, method and status.
// The method "*" means all other methods of a path. The path "*" means all other paths.
type openAPI struct {
	compiler  *jsonschema.Compiler
	responses map[string]openAPIResponse
}

type openAPIResponse struct {
	at         string // JSON pointer of the response in the document
	Ref        string `json:"$ref"`
	AnsweredBy string `json:"x-answered-by"`
	Headers    map[string]any
	Content    map[string]struct {
		Schema struct {
			Properties struct{ Type struct{ Enum []string } }
		}
	}
}

func (r openAPIResponse) hasHeader(name string) bool {
	for header := range r.Headers {
		if strings.EqualFold(header, name) {
			return true
		}
	}
	return false
}

func readOpenAPI(t *testing.T) openAPI {
	t.Helper()
	text, err := os.ReadFile(openAPIFile)
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Paths      map[string]map[string]json.RawMessage
		Components struct{ Responses map[string]openAPIResponse }
		OtherPaths openAPIResponse `json:"x-other-paths"`
	}
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	api := openAPI{jsonschema.NewCompiler(), map[string]openAPIResponse{}}
	api.compiler.AssertFormat()
	if err := api.compiler.AddResource("doc:openapi", value); err != nil {
		t.Fatal(err)
	}
	add := func(place string, at string, response openAPIResponse) {
		response.at = at
		if response.Ref != "" {
			at = strings.TrimPrefix(response.Ref, "#")
			name := strings.TrimPrefix(at, "/components/responses/")
			response = document.Components.Responses[name]
			response.at = at
		}
		if response.AnsweredBy == "" {
			api.responses[place] = response
		}
	}
	add("* * 404", "/x-other-paths", document.OtherPaths)
	for path, item := range document.Paths {
		for method, raw := range item {
			var operation struct{ Responses map[string]openAPIResponse }
			if method == "x-other-methods" {
				var response openAPIResponse
				unmarshal(t, raw, &response)
				add(path+" * 405", "", response)
				continue
			}
			unmarshal(t, raw, &operation)
			for status, response := range operation.Responses {
				at := jsonpointer.New("paths", path, method, "responses", status)
				add(path+" "+strings.ToUpper(method)+" "+status, at, response)
			}
		}
	}
	return api
}

func unmarshal(t *testing.T, raw []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatal(err)
	}
}

// validate validates a body against a schema of the document. The parameter "at" is the JSON
// pointer of the schema.
func (a openAPI) validate(t *testing.T, at string, body string) error {
	t.Helper()
	schema, err := a.compiler.Compile("doc:openapi#" + at)
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(body))
	if err != nil {
		return err
	}
	return schema.Validate(value)
}

// The document must be valid against the schema of OpenAPI from spec.openapis.org.
func TestOpenAPI_IsValid(t *testing.T) {
	compiler := jsonschema.NewCompiler()
	schema, err := compiler.Compile("testdata/openapi-3.1.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(openAPIFile)
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(value); err != nil {
		t.Error(err)
	}
}

// exchange holds a request and its response.
type exchange struct {
	name, resource, method string
	response
}

func TestOpenAPI_DocumentsExactlyTheHandlersResponses(t *testing.T) {
	api := readOpenAPI(t)
	produced := make(map[string][]string) // problem types by path, method and status
	for _, x := range exchanges(t) {
		place := x.resource + " " + x.method + " " + strconv.Itoa(x.StatusCode)
		documented, ok := api.responses[place]
		if !ok {
			t.Errorf("%.80q: docs/openapi.json has no %s", x.name, place)
			continue
		}
		media := x.Headers["content-type"]
		at := documented.at + jsonpointer.New("content", media, "schema")
		if err := api.validate(t, at, x.Body); err != nil {
			t.Errorf("%.80q: %s: %v", x.name, place, err)
		}
		for name := range x.Headers {
			if name != "content-type" && !documented.hasHeader(name) {
				t.Errorf("%.80q: docs/openapi.json has no header %s of %s", x.name, name, place)
			}
		}
		var p struct{ Type string }
		unmarshal(t, []byte(x.Body), &p)
		if !slices.Contains(produced[place], p.Type) {
			produced[place] = append(produced[place], p.Type)
		}
	}
	want := make(map[string][]string)
	for place, response := range api.responses {
		want[place] = []string{""}
		if problem, ok := response.Content["application/problem+json"]; ok {
			want[place] = slices.Sorted(slices.Values(problem.Schema.Properties.Type.Enum))
		}
	}
	for _, types := range produced {
		slices.Sort(types)
	}
	if diff := cmp.Diff(want, produced); diff != "" {
		t.Errorf("types of problems by path, method and status (-documented +produced):\n%s", diff)
	}
}

// exchanges sends requests that together cause every response of the handler.
func exchanges(t *testing.T) []exchange {
	t.Helper()
	var all []exchange
	send := func(api API, name string, event map[string]any) {
		raw, err := json.Marshal(event)
		if err != nil {
			t.Fatal(err)
		}
		req, _ := readRequest(raw)
		x := exchange{name: name, method: req.method(), response: invoke(t, api, event)}
		x.resource, _, _ = req.resource()
		if allowed, known := methods[x.resource]; !known {
			x.resource, x.method = "*", "*"
		} else if x.method != allowed {
			x.method = "*"
		}
		all = append(all, x)
	}
	for _, c := range badinput.Cases() {
		_, api := badInputWorld()
		send(api, c.Name, gatewayEvent(c.Method, c.Path, c.Headers, c.Body))
	}

	sendWebhooks(send)
	var w world
	post := func(key, body string) map[string]any {
		event := httpEvent("POST", "/events", body)
		event["headers"] = map[string]string{
			"content-type":    "application/json",
			"idempotency-key": key,
		}
		return event
	}
	send(w.api(), "first with its key", post("key", body))
	send(w.api(), "again with its key", post("key", body))
	send(w.api(), "another payload with the key", post("key", `{"eventType":"other"}`))
	undecodable := httpEvent("POST", "/events", "%")
	undecodable["isBase64Encoded"] = true
	send(w.api(), "no base64", undecodable)
	strict := w.api()
	strict.Ingest.Schemas, strict.Ingest.RejectUnknownTypes = demoSchema{}, true
	send(strict, "violates its schema", httpEvent("POST", "/events", body))
	send(strict, "too complex for its schema",
		httpEvent("POST", "/events", `{"eventType":"demo","deep":1}`))
	send(strict, "a batch violates its schema", httpEvent("POST", "/events", "["+body+"]"))
	send(strict, "no schema", httpEvent("POST", "/events", `{"eventType":"other"}`))
	send(w.api(), "health", httpEvent("GET", "/health", ""))

	get := httpEvent("GET", "/events/"+id, "")
	for _, item := range everyStatus() {
		var w world
		if _, err := w.events.Create(t.Context(), item); err != nil {
			t.Fatal(err)
		}
		send(w.api(), string(item.Status), get)
	}
	down, broken := w.api(), w.api()
	down.Items, down.Ingest.Queue = brokenItems{}, brokenQueue{}
	broken.Items = panicking{}
	broken.Ingest.NewID = func() (string, error) { return "", errors.New("no ids left") }
	closed := w.api()
	closed.OpenToAnyone = false
	for _, api := range []API{down, broken, closed} {
		send(api, "failing", get)
		send(api, "failing", httpEvent("POST", "/events", body))
	}
	return all
}

// demoSchema rejects all payloads of the type "demo". If a payload contains "deep", Check returns
// an error instead.
type demoSchema struct{}

func (demoSchema) Check(
	eventType string, payload []byte,
) (violations []violation.Violation, known bool, err error) {
	if bytes.Contains(payload, []byte("deep")) {
		return nil, true, errors.New("too many steps")
	}
	if eventType != "demo" {
		return nil, false, nil
	}
	return []violation.Violation{
		{Keyword: "required", Detail: "no name"},
		{Pointer: "/a", Keyword: "type", Detail: "no text"},
	}, true, nil
}

type brokenQueue struct{}

func (brokenQueue) Send(context.Context, pipeline.Event) error { return errors.New("SQS is down") }

type panicking struct{}

func (panicking) Get(context.Context, string) (pipeline.Item, error) { panic("a bug") }

// everyStatus returns items in each status, with all optional fields.
func everyStatus() []pipeline.Item {
	at := time.Date(2026, 11, 23, 7, 30, 0, 0, time.UTC)
	event := pipeline.Event{
		ID:         id,
		Type:       "demo",
		ReceivedAt: at,
		SHA256:     "ab",
		Bytes:      2,
		Bronze:     pipeline.Location{Bucket: "b", Key: "k"},
	}
	replayed := event
	replayed.Replay.ID = "0199aaaa-0000-7000-8000-000000000009"
	return []pipeline.Item{
		{Event: event, Status: pipeline.Enqueued},
		{
			Event:       replayed,
			Status:      pipeline.Enqueued,
			EnqueuedAt:  at.Add(time.Hour),
			Reenqueues:  1,
			ProcessedAt: at,
		},
		{
			Event:       event,
			Status:      pipeline.Processed,
			Attempts:    1,
			ProcessedAt: at,
			Silver:      pipeline.Location{Bucket: "s", Key: "k"},
		},
		{
			Event:       event,
			Status:      pipeline.Processed,
			Attempts:    1,
			ProcessedAt: at,
			Silver:      pipeline.Location{Bucket: "s", Key: "k"},
			Filtered:    pipeline.Filtered{Code: "test-order", Reason: "r"},
		},
		{
			Event:    event,
			Status:   pipeline.Failed,
			Attempts: 5,
			FailedAt: at,
			Failure:  pipeline.Failure{Code: pipeline.Unavailable, Reason: "r"},
		},
	}
}

// The document's schema and the handler must accept the same bodies. Rules that no schema can
// express are exceptions.
func TestOpenAPI_DescribesAcceptedEvents(t *testing.T) {
	api := readOpenAPI(t)
	for _, c := range badinput.Bodies() {
		if c.Status != http.StatusAccepted && c.Status != http.StatusUnprocessableEntity &&
			c.Code != string(pipeline.NotAnObject) {
			continue
		}
		err := api.validate(t, "/paths/~1events/post/requestBody/content/application~1json/schema",
			c.Body)
		if (err == nil) != (c.Status == http.StatusAccepted) {
			t.Errorf("%.80q: the response is %d, the schema's error %v", c.Name, c.Status, err)
		}
	}
	for _, c := range badinput.Requests() {
		at, value, rejected := "", "", false
		if id, ok := strings.CutPrefix(c.Name, "id: "); ok && c.Code != "event-not-found" {
			at, value, rejected = "/paths/~1events~1{eventId}/get/parameters/0/schema", id, true
		}
		if key, ok := c.Headers["idempotency-key"]; ok {
			at, value = "/paths/~1events/post/parameters/0/schema", key
			rejected = c.Status != http.StatusAccepted
		}
		if at == "" {
			continue
		}
		quoted, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		if err := api.validate(t, at, string(quoted)); (err != nil) != rejected {
			t.Errorf("%.80q: rejected is %t, the schema's error %v", c.Name, rejected, err)
		}
	}
}

func TestOpenAPI_DescribesAcceptedCloudEvents(t *testing.T) {
	api, tested := readOpenAPI(t), 0
	const at = "/paths/~1events/post/requestBody/content/application~1cloudevents+json/schema"
	for _, c := range badinput.Requests() {
		contentType := c.Headers["content-type"]
		if !strings.HasPrefix(contentType, "application/cloudevents+json") || c.Status == 400 {
			continue
		}
		tested++
		if err := api.validate(t, at, c.Body); (err == nil) != (c.Status == http.StatusAccepted) {
			t.Errorf("%.80q: the response is %d, the schema's error %v", c.Name, c.Status, err)
		}
	}
	if tested < 10 {
		t.Errorf("tested only %d cases", tested)
	}
}
