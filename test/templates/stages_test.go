package templates

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/jsii-runtime-go"
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
		for _, choice := range append(stages, "-c stage=") {
			if !strings.Contains(err.Error(), choice) {
				t.Errorf("stage %q: error must contain %[3]s, got %[2]q", name, err, choice)
			}
		}
	}
}

func TestStages_HavePhysicalNames(t *testing.T) {
	for _, name := range stages {
		s, prefix := stage(t, name), project+"-"+name
		if got := *s.stack.StackName(); got != prefix {
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
			s.resources[id].expect(t, want)
		}
	}
}

func TestStages_HaveOutputs(t *testing.T) {
	for _, name := range stages {
		s := stage(t, name)
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
			got, ok := s.template["Outputs"].(map[string]any)[output].(map[string]any)
			if !ok || replaceIntrinsics(got["Value"]) != want {
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
	for _, name := range stages {
		s := stage(t, name)
		want := map[string]string{"project": project, "environment": name, "managed-by": "aws-cdk"}
		check(t, func() {
			assertions.Tags_FromStack(s.stack).
				HasValues(&map[string]any{"project": project, "environment": name,
					"managed-by": "aws-cdk"})
		})
		untagged := map[string]bool{}
		for _, t := range untaggable {
			untagged[t] = true
		}
		for id, r := range s.resources {
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
func tags(r resource) map[string]string {
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

// retained lists the ids of the resources that hold data. The removal policy applies to these
// resources.
var retained = []string{
	"BronzeBucket",
	"SilverBucket",
	"ServerAccessLogsBucket",
	"EventsTable",
	"Queue",
	"DeadLetterQueue",
	"NotificationDeadLetterQueue",
	"ApiLogGroup",
	"WorkerLogGroup",
	"ReconcilerLogGroup",
	"AccessLogGroup",
}

func TestProd_RetainsDataAndIsProtected(t *testing.T) {
	s := stage(t, stacks.Prod)
	if !*s.stack.TerminationProtection() {
		t.Error("stack must have termination protection")
	}
	for _, id := range retained {
		expectRetained(t, s, id)
	}
	s.resource(t, "EventsTable", "AWS::DynamoDB::Table").
		expect(t, `{"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": true}}`)
	s.expectCount(t, "Custom::S3AutoDeleteObjects", 0)
	s.expectCount(t, "AWS::Lambda::Function", 3)
}

// If the first deployment fails, CloudFormation must delete the new table to free its name.
// DynamoDB does not delete a protected table.
func TestProd_CanRollBackItsFirstDeployment(t *testing.T) {
	for id, r := range stage(t, stacks.Prod).resources {
		for _, property := range []string{"DeletionProtectionEnabled", "DeletionProtection"} {
			if r.Properties[property] != nil && r.Properties[property] != false {
				t.Errorf("%s must not have %s, because no rollback could delete it", id, property)
			}
		}
	}
}

func TestEventsTableDeletionProtection_ProtectsTheTable(t *testing.T) {
	s := pipeline(t, func(awscdk.Stack) *props {
		return &props{EventsTableDeletionProtection: jsii.Bool(true)}
	})
	s.resource(t, "EventsTable", "AWS::DynamoDB::Table").
		expect(t, `{"DeletionProtectionEnabled": true}`)
}

// expectRetained requires that CloudFormation keeps a resource when it deletes the stack. After a
// failed first deployment, it must delete the resource, because the next deployment needs the name.
func expectRetained(t *testing.T, s synthesized, id string) {
	t.Helper()
	r := s.resources[id]
	if r.DeletionPolicy != "RetainExceptOnCreate" || r.UpdateReplacePolicy != "Retain" {
		t.Errorf("%s must be retained, except after a failed creation, got %q and %q",
			id, r.DeletionPolicy, r.UpdateReplacePolicy)
	}
}

func TestRemovalPolicy_RetainsUnlessItIsDestroy(t *testing.T) {
	for _, policy := range []awscdk.RemovalPolicy{
		"", awscdk.RemovalPolicy_RETAIN, awscdk.RemovalPolicy_RETAIN_ON_UPDATE_OR_DELETE,
	} {
		s := pipeline(t, func(awscdk.Stack) *props { return &props{RemovalPolicy: policy} })
		for _, id := range slices.Concat(retained, s.idsOf("AWS::S3::BucketPolicy")) {
			expectRetained(t, s, id)
		}
		s.resource(t, "EventsTable", "AWS::DynamoDB::Table").
			expect(t, `{"DeletionProtectionEnabled": false}`)
		s.expectCount(t, "Custom::S3AutoDeleteObjects", 0)
	}
}

func TestDevAndLocal_LeaveNothingWhenDestroyed(t *testing.T) {
	for _, name := range []string{stacks.Dev, stacks.Local} {
		s := stage(t, name)
		if *s.stack.TerminationProtection() {
			t.Errorf("stage %s must have no termination protection", name)
		}
		for _, id := range retained {
			if r := s.resources[id]; r.DeletionPolicy != "Delete" ||
				r.UpdateReplacePolicy != "Delete" {
				t.Errorf("stage %s: %s must be deleted, got %q and %q",
					name, id, r.DeletionPolicy, r.UpdateReplacePolicy)
			}
		}
		for id, r := range s.resources {
			if r.DeletionPolicy != "" && r.DeletionPolicy != "Delete" {
				t.Errorf("stage %s: %s must be deleted, got %s", name, id, r.DeletionPolicy)
			}
		}
		s.resource(t, "EventsTable", "AWS::DynamoDB::Table").
			expect(t, `{
				"DeletionProtectionEnabled": false,
				"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": false}
			}`)
		for _, bucket := range buckets {
			s.resource(t, bucket+"AutoDeleteObjectsCustomResource", "Custom::S3AutoDeleteObjects").
				expect(t, `{"BucketName": "${`+bucket+`}"}`)
		}
		expectOwnLogGroups(t, s)
	}
}

// expectOwnLogGroups requires that each function has a log group in the stack, or has no permission
// to write logs. Otherwise, Lambda creates a log group that no stack deletes.
func expectOwnLogGroups(t *testing.T, s synthesized) {
	t.Helper()
	for _, id := range s.idsOf("AWS::Lambda::Function") {
		function := s.resources[id]
		if logging, ok := function.Properties["LoggingConfig"].(map[string]any); ok {
			group := strings.Trim(logging["LogGroup"].(string), "${}")
			s.resource(t, group, "AWS::Logs::LogGroup")
			continue
		}
		role := strings.TrimSuffix(
			strings.TrimPrefix(function.Properties["Role"].(string), "${"), ".Arn}")
		s.resource(t, role, "AWS::IAM::Role").
			expect(t, `{"ManagedPolicyArns": null, "Policies": null}`)
		for _, policy := range s.idsOf("AWS::IAM::Policy") {
			for _, holder := range s.resources[policy].Properties["Roles"].([]any) {
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
		s := stageWith(t, stacks.Local, map[string]any{contract.AuthorizeContext: value})
		want := routeAuthorization(t, stage(t, stacks.Dev))
		want[webhookRoute] = "NONE"
		if diff := cmp.Diff(want, routeAuthorization(t, s)); diff != "" {
			t.Errorf("authorization of the routes (-dev +local):\n%s", diff)
		}
		s.environment(t, "ApiFunction").expect(t, `{"OPEN_API": "false"}`)
	}
}

// The local stage differs from dev only in authorization, throttling, the reconciler's schedule and
// webhook sources.
func TestLocal_DiffersFromDev(t *testing.T) {
	s := stage(t, stacks.Local)
	want := map[string]string{
		"POST /events":          "NONE",
		"GET /events/{eventId}": "NONE",
		"GET /health":           "NONE",
		"$default":              "NONE",
		webhookRoute:            "NONE",
	}
	if diff := cmp.Diff(want, routeAuthorization(t, s)); diff != "" {
		t.Errorf("authorization of the routes (-want +got):\n%s", diff)
	}
	s.resource(t, "Stage", "AWS::ApiGatewayV2::Stage").expect(t, `{
		"DefaultRouteSettings": {"ThrottlingRateLimit": 10000, "ThrottlingBurstLimit": 10000}
	}`)
	s.resource(t, "Schedule", "AWS::Events::Rule").
		expect(t, `{"ScheduleExpression": "rate(1 minute)"}`)
	s.environment(t, "ReconcilerFunction").expect(t, `{"RECONCILE_GRACE_SECONDS": "300"}`)
	// Each webhook source has a secret and an alarm. All sources share a route and its permission.
	sources := len(s.idsOf("AWS::SecretsManager::Secret"))
	wanted := len(stage(t, stacks.Dev).resources) + 2*sources + 2
	if got := len(s.resources); got != wanted || sources != 6 {
		t.Errorf("got %d resources and %d sources, want %d and 6", got, sources, wanted)
	}
}
