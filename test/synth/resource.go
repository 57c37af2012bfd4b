package synth

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Resource contains a resource of a template. Text such as ${BronzeBucket} or ${BronzeBucket.Arn}
// replaces intrinsic functions.
type Resource struct {
	Type                string
	Metadata            map[string]any
	Properties          map[string]any
	DependsOn           []string
	DeletionPolicy      string
	UpdateReplacePolicy string
}

// plainResources returns a template's resources. The map's keys are plain ids; see plainID.
func plainResources(t *testing.T, template map[string]any) map[string]Resource {
	t.Helper()
	raw, err := json.Marshal(ReplaceIntrinsics(template["Resources"]))
	if err != nil {
		t.Fatal(err)
	}
	var resources map[string]Resource
	if err := json.Unmarshal(raw, &resources); err != nil {
		t.Fatal(err)
	}
	if len(resources) != len(template["Resources"].(map[string]any)) {
		t.Fatal("plain ids must be unique")
	}
	return resources
}

// ReplaceIntrinsics replaces intrinsic functions by text. This makes expectations easy to read.
func ReplaceIntrinsics(value any) any {
	switch v := value.(type) {
	case string:
		return plainID(v)
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = ReplaceIntrinsics(v[i])
		}
		return list
	case map[string]any:
		if text, ok := formatIntrinsic(v); ok {
			return text
		}
		object := make(map[string]any, len(v))
		for key := range v {
			object[plainID(key)] = ReplaceIntrinsics(v[key])
		}
		return object
	}
	return value
}

func formatIntrinsic(v map[string]any) (string, bool) {
	if ref, ok := v["Ref"].(string); ok {
		return "${" + plainID(ref) + "}", true
	}
	if attribute, ok := v["Fn::GetAtt"].([]any); ok {
		return fmt.Sprintf("${%s.%s}", plainID(attribute[0].(string)), attribute[1]), true
	}
	if join, ok := v["Fn::Join"].([]any); ok {
		var parts []string
		for _, part := range join[1].([]any) {
			// ReplaceIntrinsics returns an object for a reference to another stack.
			parts = append(parts, fmt.Sprint(ReplaceIntrinsics(part)))
		}
		return strings.Join(parts, join[0].(string)), true
	}
	return "", false
}

var logicalID = regexp.MustCompile(`^(?:EventPipeline)?([A-Z]\w+)[0-9A-F]{8}$`)

// plainID removes the pipeline's id and the hash from a logical id.
func plainID(id string) string { return logicalID.ReplaceAllString(id, "$1") }

// Expect compares the properties in the JSON object `want` with the resource's properties. If a
// property is null in `want`, the resource must not have it.
func (r Resource) Expect(t *testing.T, want string) {
	t.Helper()
	var properties map[string]any
	if err := json.Unmarshal([]byte(want), &properties); err != nil {
		t.Fatalf("expectation must be JSON: %v\n%s", err, want)
	}
	for name, value := range properties {
		if diff := cmp.Diff(value, r.Properties[name]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
