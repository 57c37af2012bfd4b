package e2e

import (
	"strings"
	"testing"
)

func TestSchemas_AreHeldAgainstEventsOfTheirType(t *testing.T) {
	p := start(t, impatientFlags...)
	p.waitForStatus(t, p.accept(t, `{"eventType":"order.created","orderId":"0199aaaa-0000-7000-8000-000000000001","total":19.99}`), "PROCESSED")
	p.accept(t, `{"eventType":"other","total":"as it likes"}`)
	tree := `{"eventType":"tree","child":` + strings.Repeat(`{"child":`, 19) + "1" + strings.Repeat("}", 20)
	if status, _, problem := p.post(t, tree); status != 422 || !strings.HasSuffix(problem["type"].(string), ":payload-too-complex") {
		t.Errorf("a tree whose schema looks at each level twice: got %d %v", status, problem)
	}
	for body, want := range map[string]string{
		`{"eventType":"order.created","orderId":"hunter2","total":1}`:                                      `"format", at "/orderId"`,
		`{"eventType":"order.created","orderId":"0199aaaa-0000-7000-8000-000000000001","total":"hunter2"}`: `"type", at "/total"`,
		`{"eventType":"order.created","orderId":"0199aaaa-0000-7000-8000-000000000001","total":-42.42}`:    `"minimum", at "/total"`,
		`{"eventType":"order.created"}`: `"required".`,
	} {
		status, _, problem := p.post(t, body)
		detail, _ := problem["detail"].(string)
		if status != 422 || !strings.HasSuffix(problem["type"].(string), ":schema-violation") || !strings.Contains(detail, want) {
			t.Errorf("%s: got %d %v", body, status, problem)
		}
		if strings.Contains(detail, "hunter2") || strings.Contains(detail, "42") {
			t.Errorf("the answer repeats a value: %s", detail)
		}
	}
	if keys := p.listKeys(t, "BronzeBucketName", "bronze/order.created/"); len(keys) != 1 {
		t.Errorf("Bronze holds %v, want the one that was accepted", keys)
	}
}
