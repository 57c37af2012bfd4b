package resources

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cdkapp"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/secretsmanager"
)

// create creates a stack. resources contains the members of the template's section Resources. The
// stack has an asset for a function.
func create(t *testing.T, p *Provider, resources string) error {
	t.Helper()
	_, err := p.Engine.Create(cdkapp.Stack{
		Name: "App", Template: []byte(`{"Resources": {` + resources + `}}`),
		Assets: map[string]string{"asset": newAsset(t)},
	})
	return err
}

// Services have defaults for these properties, but a property that is 0 must not count as absent.
func TestProperties_RejectZeroIfAWSDoes(t *testing.T) {
	const (
		queue    = `"Q": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "q", %s}}`
		group    = `"G": {"Type": "AWS::Logs::LogGroup", "Properties": {%s}}`
		secret   = `"S": {"Type": "AWS::SecretsManager::Secret", "Properties": {%s}}`
		function = `"F": {"Type": "AWS::Lambda::Function", "Properties": {
			"Runtime": "provided.al2023", "Code": {"S3Key": "asset"}, %s}}`
		mapping = `"F": {"Type": "AWS::Lambda::Function", "Properties": {
			"Runtime": "provided.al2023", "Code": {"S3Key": "asset"}}},
			"Q": {"Type": "AWS::SQS::Queue"},
			"M": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {
				"FunctionName": {"Ref": "F"}, "EventSourceArn": {"Fn::GetAtt": "Q.Arn"}, %s}}`
	)
	for _, c := range []struct{ resource, property, name string }{
		{queue, `"MaximumMessageSize": 0`, "MaximumMessageSize"},
		{queue, `"MessageRetentionPeriod": "0"`, "MessageRetentionPeriod"},
		{queue, `"VisibilityTimeout": 43201`, "VisibilityTimeout"},
		{queue, `"RedrivePolicy": {"maxReceiveCount": 0, "deadLetterTargetArn": "d"}`,
			"maxReceiveCount"},
		{group, `"RetentionInDays": 0`, "RetentionInDays"},
		{secret, `"SecretString": ""`, "SecretString"},
		{secret, `"GenerateSecretString": {"PasswordLength": 0}`, "password"},
		{function, `"MemorySize": 0`, "MemorySize"},
		{function, `"Timeout": 0`, "Timeout"},
		{function, `"Timeout": 1.5`, "Timeout"},
		{mapping, `"BatchSize": 0`, "BatchSize"},
		{mapping, `"ScalingConfig": {"MaximumConcurrency": 0}`, "MaximumConcurrency"},
	} {
		err := create(t, newTestProvider(t), fmt.Sprintf(c.resource, c.property))
		if err == nil || !strings.Contains(err.Error(), c.name) {
			t.Errorf("%s: got %v, want an error about %s", c.property, err, c.name)
		}
	}
}

func TestMapping_MayHaveAnEmptyListOfFilters(t *testing.T) {
	p := newTestProvider(t)
	err := create(t, p, `"F": {"Type": "AWS::Lambda::Function", "Properties": {
		"Runtime": "provided.al2023", "Code": {"S3Key": "asset"}}},
		"Q": {"Type": "AWS::SQS::Queue"},
		"M": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {
			"FunctionName": {"Ref": "F"}, "EventSourceArn": {"Fn::GetAtt": "Q.Arn"},
			"FilterCriteria": {"Filters": []}}}`)
	if err != nil || len(p.Mappings) != 1 {
		t.Errorf("got %d mappings, %v, want 1; not run: %q", len(p.Mappings), err, p.NotRun())
	}
}

func TestQueue_MayHaveTheVisibilityTimeoutZero(t *testing.T) {
	p := newTestProvider(t)
	err := create(t, p, `"Q": {"Type": "AWS::SQS::Queue", "Properties": {
		"QueueName": "q", "VisibilityTimeout": 0}}`)
	if err != nil {
		t.Fatal(err)
	}
	queue, _ := p.SQS.QueueByName("q")
	if _, err := queue.Send("body", 0); err != nil {
		t.Fatal(err)
	}
	for n := range 2 {
		messages, err := queue.Receive(t.Context(), 1, 0)
		if err != nil || len(messages) != 1 {
			t.Errorf("receive %d returned %d messages, %v, want the message", n, len(messages), err)
		}
	}
}

func TestStage_RejectsAllRequestsIfItsLimitIsZero(t *testing.T) {
	for settings, want := range map[string]int{
		`{}`:                          http.StatusNotFound, // the API has no routes
		`{"ThrottlingRateLimit": 0}`:  http.StatusTooManyRequests,
		`{"ThrottlingBurstLimit": 0}`: http.StatusTooManyRequests,
	} {
		p := newTestProvider(t)
		err := create(t, p, `
			"Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"ProtocolType": "HTTP"}},
			"Stage": {"Type": "AWS::ApiGatewayV2::Stage", "Properties": {"StageName": "$default",
				"ApiId": {"Ref": "Api"}, "DefaultRouteSettings": `+settings+`}}`)
		if err != nil {
			t.Fatal(err)
		}
		handler, err := p.APIs[0].Handler()
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		if w.Code != want {
			t.Errorf("%s: got %d, want %d", settings, w.Code, want)
		}
	}
}

func TestAPI_MayHaveTheMaxAgeZero(t *testing.T) {
	p := newTestProvider(t)
	const api = `{"Type": "AWS::ApiGatewayV2::Api", "Properties": {"ProtocolType": "HTTP",
		"CorsConfiguration": {%s}}}`
	err := create(t, p, fmt.Sprintf(`"A": `+api+`, "B": `+api, `"MaxAge": 0`, ``))
	if err != nil {
		t.Fatal(err)
	}
	zero, absent := p.APIs[0].Settings.CORS.MaxAge, p.APIs[1].Settings.CORS.MaxAge
	if zero == nil || *zero != 0 || absent != nil {
		t.Errorf("got %v and %v, want 0 and no age", zero, absent)
	}
}

func TestSecret_HasNoValueIfTheTemplateDefinesNone(t *testing.T) {
	p := newTestProvider(t)
	err := create(t, p, `"S": {"Type": "AWS::SecretsManager::Secret", "Properties": {"Name": "s"}}`)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("POST", "/", strings.NewReader(`{"SecretId": "s"}`))
	r.Header.Set("X-Amz-Target", secretsmanager.TargetPrefix+".GetSecretValue")
	w := httptest.NewRecorder()
	p.SecretsManager.ServeHTTP(w, r)
	if !strings.Contains(w.Body.String(), "ResourceNotFoundException") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}
