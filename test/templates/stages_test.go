package templates

import (
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/stacks"
	"github.com/event-driven-cloud-platform/eventpipeline/test/synth"
)

func TestStages_UnknownStageIsAnError(t *testing.T) {
	for _, name := range []string{"staging", ""} {
		_, err := stacks.New(synth.NewApp(t, nil), name)
		if err == nil {
			t.Fatalf("stage %q must be an error", name)
		}
		for _, choice := range append(synth.Stages, "-c stage=") {
			if !strings.Contains(err.Error(), choice) {
				t.Errorf("stage %q: error must contain %[3]s, got %[2]q", name, err, choice)
			}
		}
	}
}

func TestStages_HavePhysicalNames(t *testing.T) {
	for _, name := range synth.Stages {
		s, prefix := synth.Stage(t, name), synth.Project+"-"+name
		if got := *s.Stack.StackName(); got != prefix {
			t.Errorf("stack name = %s, want %s", got, prefix)
		}
		for id, want := range map[string]string{
			"ApiFunction":     `{"FunctionName": "` + prefix + `-api"}`,
			"WorkerFunction":  `{"FunctionName": "` + prefix + `-worker"}`,
			"EventsTable":     `{"TableName": "` + prefix + `-events"}`,
			"Queue":           `{"QueueName": "` + prefix + `-events"}`,
			"DeadLetterQueue": `{"QueueName": "` + prefix + `-events-dlq"}`,

			"NotificationDeadLetterQueue": `{"QueueName": "` + prefix + `-notifications-dlq"}`,

			"EventBus":       `{"Name": "` + prefix + `-events"}`,
			"HttpApi":        `{"Name": "` + prefix + `-api"}`,
			"Dashboard":      `{"DashboardName": "` + prefix + `-events-${AWS::Region}"}`,
			"ApiLogGroup":    `{"LogGroupName": "/aws/lambda/` + prefix + `-api"}`,
			"WorkerLogGroup": `{"LogGroupName": "/aws/lambda/` + prefix + `-worker"}`,

			"ReconcilerFunction": `{"FunctionName": "` + prefix + `-reconciler"}`,
			"ReconcilerLogGroup": `{"LogGroupName": "/aws/lambda/` + prefix + `-reconciler"}`,
			"Schedule":           `{"Name": "` + prefix + `-reconcile"}`,
			"AccessLogGroup": `{"LogGroupName": "/aws/vendedlogs/apigateway/` + prefix +
				`-api"}`,
			// CloudFormation generates this name, because a name with the account and region would
			// exceed 63 characters.
			"BronzeBucket": `{"BucketName": null}`,
			"SilverBucket": `{"BucketName": null}`,
		} {
			s.Resources[id].Expect(t, want)
		}
	}
}

func TestStages_HaveOutputs(t *testing.T) {
	for _, name := range synth.Stages {
		s := synth.Stage(t, name)
		for output, want := range map[string]string{
			"ApiUrl": "https://${HttpApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}/",

			"BronzeBucketName":   "${BronzeBucket}",
			"SilverBucketName":   "${SilverBucket}",
			"EventsTableName":    "${EventsTable}",
			"QueueUrl":           "${Queue}",
			"DeadLetterQueueUrl": "${DeadLetterQueue}",
			"ApiFunctionName":    "${ApiFunction}",
			"WorkerFunctionName": "${WorkerFunction}",
			"EventBusName":       "${EventBus}",
		} {
			got, ok := s.Content["Outputs"].(map[string]any)[output].(map[string]any)
			if !ok || synth.ReplaceIntrinsics(got["Value"]) != want {
				t.Errorf("stage %s: output %s must be %s, got %v", name, output, want, got)
			}
			if ok && got["Description"] == nil {
				t.Errorf("stage %s: output %s must have a description", name, output)
			}
		}
	}
}

// untaggable lists the resource types that can't have tags. Resources of all other types must have
// tags.
var untaggable = []string{
	"AWS::ApiGatewayV2::Integration",
	"AWS::ApiGatewayV2::Route",
	"AWS::CloudWatch::Dashboard",
	"AWS::IAM::Policy",
	"AWS::Lambda::Permission",
	"AWS::Logs::MetricFilter",
	"AWS::S3::BucketPolicy",
	"AWS::SQS::QueuePolicy",
	"Custom::S3AutoDeleteObjects",
}

func TestStages_TagAllResources(t *testing.T) {
	for _, name := range synth.Stages {
		s := synth.Stage(t, name)
		want := map[string]string{
			"project": synth.Project, "environment": name, "managed-by": "aws-cdk",
		}
		synth.Check(t, func() {
			assertions.Tags_FromStack(s.Stack).
				HasValues(&map[string]any{"project": synth.Project, "environment": name,
					"managed-by": "aws-cdk"})
		})
		untagged := map[string]bool{}
		for _, t := range untaggable {
			untagged[t] = true
		}
		for id, r := range s.Resources {
			// The CDK's own function has no tags in the template. CloudFormation adds the stack's
			// tags.
			if untagged[r.Type] || strings.HasPrefix(id, "CustomS3AutoDelete") {
				continue
			}
			got := tags(r)
			delete(got, "aws-cdk:auto-delete-objects")
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("stage %s: tags of %s, a %s (-want +got):\n%s", name, id, r.Type, diff)
			}
		}
	}
}

// tags returns the tags of a resource. In the template, tags are an object or a list.
func tags(r synth.Resource) map[string]string {
	got := map[string]string{}
	switch list := r.Properties["Tags"].(type) {
	case map[string]any:
		for key, value := range list {
			got[key] = value.(string)
		}
	case []any:
		for _, tag := range list {
			got[tag.(map[string]any)["Key"].(string)] = tag.(map[string]any)["Value"].(string)
		}
	}
	return got
}

func TestProd_RetainsDataAndIsProtected(t *testing.T) {
	s := synth.Stage(t, stacks.Prod)
	if !*s.Stack.TerminationProtection() {
		t.Error("stack must have termination protection")
	}
	for _, id := range synth.StatefulResources {
		s.ExpectRetained(t, id)
	}
	s.Resource(t, "EventsTable", "AWS::DynamoDB::Table").
		Expect(t, `{"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": true}}`)
	s.ExpectCount(t, "Custom::S3AutoDeleteObjects", 0)
	s.ExpectCount(t, "AWS::Lambda::Function", 3)
}

// If the first deployment fails, CloudFormation must delete the new table to free its name.
// DynamoDB does not delete a protected table.
func TestProd_CanRollBackItsFirstDeployment(t *testing.T) {
	for id, r := range synth.Stage(t, stacks.Prod).Resources {
		for _, property := range []string{"DeletionProtectionEnabled", "DeletionProtection"} {
			if r.Properties[property] != nil && r.Properties[property] != false {
				t.Errorf("%s must not have %s, because no rollback could delete it", id, property)
			}
		}
	}
}

func TestDevAndLocal_LeaveNothingWhenDestroyed(t *testing.T) {
	for _, name := range []string{stacks.Dev, stacks.Local} {
		s := synth.Stage(t, name)
		if *s.Stack.TerminationProtection() {
			t.Errorf("stage %s must have no termination protection", name)
		}
		for _, id := range synth.StatefulResources {
			if r := s.Resources[id]; r.DeletionPolicy != "Delete" ||
				r.UpdateReplacePolicy != "Delete" {
				t.Errorf("stage %s: %s must be deleted, got %q and %q",
					name, id, r.DeletionPolicy, r.UpdateReplacePolicy)
			}
		}
		for id, r := range s.Resources {
			if r.DeletionPolicy != "" && r.DeletionPolicy != "Delete" {
				t.Errorf("stage %s: %s must be deleted, got %s", name, id, r.DeletionPolicy)
			}
		}
		s.Resource(t, "EventsTable", "AWS::DynamoDB::Table").
			Expect(t, `{
				"DeletionProtectionEnabled": false,
				"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": false}
			}`)
		for _, bucket := range synth.Buckets {
			s.Resource(t, bucket+"AutoDeleteObjectsCustomResource", "Custom::S3AutoDeleteObjects").
				Expect(t, `{"BucketName": "${`+bucket+`}"}`)
		}
		expectOwnLogGroups(t, s)
	}
}

// expectOwnLogGroups requires that each function has a log group in the stack, or has no permission
// to write logs. Otherwise, Lambda creates a log group that no stack deletes.
func expectOwnLogGroups(t *testing.T, s synth.Template) {
	t.Helper()
	for _, id := range s.IDsOf("AWS::Lambda::Function") {
		function := s.Resources[id]
		if logging, ok := function.Properties["LoggingConfig"].(map[string]any); ok {
			group := strings.Trim(logging["LogGroup"].(string), "${}")
			s.Resource(t, group, "AWS::Logs::LogGroup")
			continue
		}
		role := strings.TrimSuffix(
			strings.TrimPrefix(function.Properties["Role"].(string), "${"), ".Arn}")
		s.Resource(t, role, "AWS::IAM::Role").
			Expect(t, `{"ManagedPolicyArns": null, "Policies": null}`)
		for _, policy := range s.IDsOf("AWS::IAM::Policy") {
			for _, holder := range s.Resources[policy].Properties["Roles"].([]any) {
				if holder == "${"+role+"}" {
					t.Errorf("function %s has no log group in the stack, so it must not have %s",
						id, policy)
				}
			}
		}
	}
}

// webhookRoute is a route that only the local stage has. The API function verifies the requests of
// this route.
const webhookRoute = "POST /webhooks/{source}"

// With `local --authorize`, the local stage has the same authorization as a deployed stage.
func TestLocal_MayHaveTheDeployedAuthorization(t *testing.T) {
	for _, value := range []any{true, "true"} { // the CLI sets a bool, -c sets a string
		s := synth.StageWith(t, stacks.Local, map[string]any{contract.AuthorizeContext: value})
		want := synth.Stage(t, stacks.Dev).RouteAuthorization(t)
		want[webhookRoute] = "NONE"
		if diff := cmp.Diff(want, s.RouteAuthorization(t)); diff != "" {
			t.Errorf("authorization of the routes (-dev +local):\n%s", diff)
		}
		s.Environment(t, "ApiFunction").Expect(t, `{"OPEN_API": "false"}`)
	}
}

// The local stage differs from dev only in authorization, throttling, the reconciler's schedule and
// webhook sources.
func TestLocal_DiffersFromDev(t *testing.T) {
	s := synth.Stage(t, stacks.Local)
	want := map[string]string{
		"POST /events":          "NONE",
		"GET /events/{eventId}": "NONE",
		"GET /health":           "NONE",
		"$default":              "NONE",
		webhookRoute:            "NONE",
	}
	if diff := cmp.Diff(want, s.RouteAuthorization(t)); diff != "" {
		t.Errorf("authorization of the routes (-want +got):\n%s", diff)
	}
	s.Resource(t, "Stage", "AWS::ApiGatewayV2::Stage").Expect(t, `{
		"DefaultRouteSettings": {"ThrottlingRateLimit": 10000, "ThrottlingBurstLimit": 10000}
	}`)
	s.Resource(t, "Schedule", "AWS::Events::Rule").
		Expect(t, `{"ScheduleExpression": "rate(1 minute)"}`)
	s.Environment(t, "ReconcilerFunction").Expect(t, `{"RECONCILE_GRACE_SECONDS": "300"}`)
	// Each webhook source has a secret and an alarm. All sources share a route and its permission.
	sources := len(s.IDsOf("AWS::SecretsManager::Secret"))
	wanted := len(synth.Stage(t, stacks.Dev).Resources) + 2*sources + 2
	if got := len(s.Resources); got != wanted || sources != 6 {
		t.Errorf("got %d resources and %d sources, want %d and 6", got, sources, wanted)
	}
}
