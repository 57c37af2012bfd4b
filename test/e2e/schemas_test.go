package e2e

import (
	"strings"
	"testing"
)

func TestSchemas_ValidateOnlyTheirEventType(t *testing.T) {
	p := startTestApp(t, "local")
	const order = `{"eventType":"order.created","orderId":"0199aaaa-0000-7000-8000-000000000001"`
	p.waitForStatus(t, p.accept(t, order+`,"total":19.99}`), "PROCESSED")
	p.accept(t, `{"eventType":"other","total":"any value"}`)
	// The schema of the event type "tree" validates each level twice, so each level doubles the
	// work.
	tree := `{"eventType":"tree","child":` + strings.Repeat(`{"child":`, 19) + "1" +
		strings.Repeat("}", 20)
	status, _, problem := p.post(t, tree)
	if status != 422 || !strings.HasSuffix(problem["type"].(string), ":payload-too-complex") {
		t.Errorf("tree: got %d %v", status, problem)
	}
	const badID = `{"eventType":"order.created","orderId":"hunter2","total":1}`
	for body, want := range map[string]string{
		badID:                           `format "uuid", at "/orderId"`,
		order + `,"total":"hunter2"}`:   `must be of type number, got string, at "/total"`,
		order + `,"total":-42.42}`:      `at least 0, at "/total"`,
		`{"eventType":"order.created"}`: `"orderId" is missing.`,
	} {
		status, _, problem := p.post(t, body)
		detail, _ := problem["detail"].(string)
		if status != 422 || !strings.HasSuffix(problem["type"].(string), ":schema-violation") ||
			!strings.Contains(detail, want) {
			t.Errorf("%s: got %d %v", body, status, problem)
		}
		if strings.Contains(detail, "hunter2") || strings.Contains(detail, "42") {
			t.Errorf("the response contains a value: %s", detail)
		}
	}
	if keys := p.listKeys(t, "BronzeBucketName", "bronze/order.created/"); len(keys) != 1 {
		t.Errorf("Bronze holds %v, want the accepted event", keys)
	}
}
