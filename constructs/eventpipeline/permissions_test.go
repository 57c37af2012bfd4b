package eventpipeline_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/test/synth"
)

// grants maps each role to its resources, and each resource to the allowed actions.
var grants = map[string]map[string][]string{
	"ApiRole": {
		"${ApiLogGroup.Arn}":           {"logs:CreateLogStream", "logs:PutLogEvents"},
		"*":                            {"xray:PutTelemetryRecords", "xray:PutTraceSegments"},
		"${BronzeBucket.Arn}/bronze/*": {"s3:PutObject"},
		"${EventsTable.Arn}":           {"dynamodb:GetItem", "dynamodb:PutItem"},
		"${Queue.Arn}":                 {"sqs:SendMessage"},
	},
	"WorkerRole": {
		"${WorkerLogGroup.Arn}":        {"logs:CreateLogStream", "logs:PutLogEvents"},
		"*":                            {"xray:PutTelemetryRecords", "xray:PutTraceSegments"},
		"${BronzeBucket.Arn}/bronze/*": {"s3:GetObject"},
		"${BronzeBucket.Arn}": {
			`s3:ListBucket if {"StringLike":{"s3:prefix":"bronze/*"}}`,
		},
		"${SilverBucket.Arn}/silver/*": {"s3:GetObject", "s3:PutObject"},
		"${SilverBucket.Arn}": {
			`s3:ListBucket if {"StringLike":{"s3:prefix":"silver/*"}}`,
		},
		"${EventsTable.Arn}": {
			"dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:UpdateItem",
		},
		"${Queue.Arn}": {
			"sqs:ChangeMessageVisibility",
			"sqs:DeleteMessage",
			"sqs:GetQueueAttributes",
			"sqs:ReceiveMessage",
			"sqs:SendMessage",
		},
		"${DeadLetterQueue.Arn}": {"sqs:SendMessage"},
		"${EventBus.Arn}": {
			`events:PutEvents if {"StringEquals":{"events:source":"` + contract.EventSource + `"}}`,
		},
	},
	"ReconcilerRole": {
		"${ReconcilerLogGroup.Arn}": {"logs:CreateLogStream", "logs:PutLogEvents"},
		"*":                         {"xray:PutTelemetryRecords", "xray:PutTraceSegments"},
		"${BronzeBucket.Arn}": {
			`s3:ListBucket if {"StringLike":{"s3:prefix":"bronze/*"}}`,
		},
		"${SilverBucket.Arn}/silver/*": {"s3:GetObject"},
		"${SilverBucket.Arn}": {
			`s3:ListBucket if {"StringLike":{"s3:prefix":"silver/*"}}`,
		},
		"${EventsTable.Arn}": {
			"dynamodb:BatchGetItem",
			"dynamodb:GetItem",
			"dynamodb:PutItem",
			"dynamodb:UpdateItem",
		},
		"${Queue.Arn}":           {"sqs:GetQueueAttributes", "sqs:SendMessage"},
		"${DeadLetterQueue.Arn}": {"sqs:SendMessage"},
		"${EventBus.Arn}": {
			`events:PutEvents if {"StringEquals":{"events:source":"` + contract.EventSource + `"}}`,
		},
	},
}

func TestRoles_HaveLeastPrivilege(t *testing.T) {
	s := synth.DefaultPipeline(t)
	ids := s.IDsOf("AWS::IAM::Role")
	slices.Sort(ids)
	if diff := cmp.Diff([]string{"ApiRole", "ReconcilerRole", "WorkerRole"}, ids); diff != "" {
		t.Errorf("roles (-want +got):\n%s", diff)
	}
	policies := append(s.IDsOf("AWS::IAM::Policy"), s.IDsOf("AWS::IAM::ManagedPolicy")...)
	if len(policies) != len(grants) {
		t.Errorf("each role must have one policy, got %q", policies)
	}
	for id, want := range grants {
		s.Resource(t, id, "AWS::IAM::Role").Expect(t, `{
			"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
				"Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}]},
			"ManagedPolicyArns": null,
			"Policies": null
		}`)
		policy := s.Resource(t, id+"DefaultPolicy", "AWS::IAM::Policy")
		policy.Expect(t, `{"Roles": ["${`+id+`}"]}`)
		if diff := cmp.Diff(want, allowedActions(t, policy)); diff != "" {
			t.Errorf("permissions of %s (-want +got):\n%s", id, diff)
		}
	}
}

// This test rejects wildcards that the variable `grants` could contain by mistake.
func TestRoles_HaveWildcardsForTracingOnly(t *testing.T) {
	for _, name := range synth.Stages {
		s := synth.Stage(t, name)
		for _, id := range s.IDsOf("AWS::IAM::Policy") {
			for resource, actions := range allowedActions(t, s.Resources[id]) {
				for _, action := range actions {
					action, _, _ = strings.Cut(action, " if ")
					if strings.Contains(action, "*") {
						t.Errorf("stage %s: %s must not allow %s", name, id, action)
					}
					if resource == "*" && !strings.HasPrefix(action, "xray:") {
						t.Errorf("stage %s: %s must not allow %s on *", name, id, action)
					}
				}
			}
		}
	}
}

func TestRoles_HaveNoWildcardWithoutTracing(t *testing.T) {
	s := synth.Pipeline(t, func(awscdk.Stack) *eventpipeline.EventPipelineProps {
		return &eventpipeline.EventPipelineProps{Tracing: awslambda.Tracing_DISABLED}
	})
	for id := range grants {
		policy := s.Resource(t, id+"DefaultPolicy", "AWS::IAM::Policy")
		if actions, ok := allowedActions(t, policy)["*"]; ok {
			t.Errorf("%s must allow nothing on all resources, got %q", id, actions)
		}
	}
}

// API Gateway may invoke the API function for each route, and the schedule may invoke the
// reconciler function. The ARN of the default route has no path.
func TestInvokePermissions_AreForRoutesAndSchedule(t *testing.T) {
	s := synth.DefaultPipeline(t)
	want := map[string]bool{}
	for _, path := range []string{"", "/events", "/events/{eventId}", "/health"} {
		const api = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${HttpApi}"
		want[api+"/*/*"+path] = true
	}
	got := map[string]bool{}
	for _, id := range s.IDsOf("AWS::Lambda::Permission") {
		permission := s.Resources[id]
		if permission.Properties["Principal"] == "events.amazonaws.com" {
			permission.Expect(
				t,
				`{"Action": "lambda:InvokeFunction", "FunctionName": "${ReconcilerFunction.Arn}",
					"SourceArn": "${Schedule.Arn}"}`,
			)
			continue
		}
		permission.Expect(
			t,
			`{"Action": "lambda:InvokeFunction", "FunctionName": "${ApiFunction.Arn}",
				"Principal": "apigateway.amazonaws.com"}`,
		)
		got[permission.Properties["SourceArn"].(string)] = true
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("sources that may invoke the API function (-want +got):\n%s", diff)
	}
}

// allowedActions maps each resource to the actions that a policy allows. If an action has a
// condition, the condition's text follows the action.
func allowedActions(t *testing.T, policy synth.Resource) map[string][]string {
	t.Helper()
	actions := map[string][]string{}
	for _, s := range policy.Statements(t) {
		if s.Effect != "Allow" {
			t.Errorf("statement must have the effect Allow, got %+v", s)
		}
		for _, resource := range s.Resources {
			for _, action := range s.Actions {
				actions[resource] = append(actions[resource], action+s.ConditionText(t))
			}
			slices.Sort(actions[resource])
		}
	}
	return actions
}
