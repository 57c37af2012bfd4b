package synth

import (
	"bytes"
	"encoding/json"
	"regexp"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
)

// Template contains a stack and its template.
type Template struct {
	Stack awscdk.Stack
	// Content contains the CDK's output. Resources maps plain ids to the template's resources.
	Content   map[string]any
	Resources map[string]Resource
}

// templates contains the templates that all tests of a package share.
var templates = map[string]Template{}

// Shared returns the template of this name. The first call synthesizes it.
func Shared(name string, synthesize func() Template) Template {
	if _, ok := templates[name]; !ok {
		templates[name] = synthesize()
	}
	return templates[name]
}

// Synthesize synthesizes the app of a stack, and returns the stack's template.
func Synthesize(t *testing.T, stack awscdk.Stack) Template {
	t.Helper()
	Must(t, func() error {
		stack.Node().Root().(awscdk.App).Synth(nil)
		return nil
	})
	content := ReadTemplate(t, stack)
	return Template{stack, content, plainResources(t, content)}
}

// Resource returns the resource whose logical id, without the pipeline's id and the hash, is id.
// The test ends if the template has no such resource of this type.
func (s Template) Resource(t *testing.T, id, wantType string) Resource {
	t.Helper()
	r, ok := s.Resources[id]
	if !ok || r.Type != wantType {
		t.Fatalf("template must have %s of type %s", id, wantType)
	}
	return r
}

// IDsOf returns the plain ids of the resources of one type.
func (s Template) IDsOf(wantType string) (ids []string) {
	for id, r := range s.Resources {
		if r.Type == wantType {
			ids = append(ids, id)
		}
	}
	return ids
}

// ExpectCount requires a number of resources of one type.
func (s Template) ExpectCount(t *testing.T, wantType string, want int) {
	t.Helper()
	if ids := s.IDsOf(wantType); len(ids) != want {
		t.Errorf("template must have %d resources of type %s, got %q", want, wantType, ids)
	}
}

// Environment returns the environment variables of a function as the properties of a resource.
// Tests can then call Expect.
func (s Template) Environment(t *testing.T, id string) Resource {
	t.Helper()
	function := s.Resource(t, id, "AWS::Lambda::Function")
	environment := function.Properties["Environment"].(map[string]any)
	return Resource{Properties: environment["Variables"].(map[string]any)}
}

// RouteAuthorization returns the authorization type of each route. The map's keys are route keys.
func (s Template) RouteAuthorization(t *testing.T) map[string]string {
	t.Helper()
	s.ExpectCount(t, "AWS::ApiGatewayV2::Integration", 1)
	authorization := map[string]string{}
	for _, id := range s.IDsOf("AWS::ApiGatewayV2::Route") {
		route := s.Resources[id]
		route.Expect(t, `{"ApiId": "${HttpApi}", "Target": "integrations/${HttpApiPOSTeventsApi}"}`)
		key := route.Properties["RouteKey"].(string)
		authorization[key] = route.Properties["AuthorizationType"].(string)
	}
	return authorization
}

var assetHash = regexp.MustCompile(`[0-9a-f]{64}`)

// FormatTemplate formats a template. It omits asset hashes, which change with the functions'
// sources.
func FormatTemplate(t *testing.T, template map[string]any) []byte {
	t.Helper()
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(template); err != nil {
		t.Fatal(err)
	}
	return assetHash.ReplaceAll(text.Bytes(), []byte("<asset hash>"))
}
