package eventpipeline_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/test/synth"
)

type webhookSources = []*eventpipeline.WebhookSource

func importedSecret(scope constructs.Construct, name string) awssecretsmanager.ISecret {
	return awssecretsmanager.Secret_FromSecretNameV2(scope, jsii.String("Secret-"+name), &name)
}

// withWebhooks returns a pipeline with two sources. The app creates the secret of one source, and
// imports the secret of the other by name.
func withWebhooks(t *testing.T) synth.Template {
	t.Helper()
	return synth.Pipeline(t, func(stack awscdk.Stack) *eventpipeline.EventPipelineProps {
		github := eventpipeline.GitHubWebhook("github",
			awssecretsmanager.NewSecret(stack, jsii.String("Secret"), nil))
		github.Headers = jsii.Strings("X-GitHub-Hook-ID")
		github.MaxPayloadBytes = jsii.Number(2 << 20)
		github.AcceptForms = jsii.Bool(true)
		github.AcceptPings = jsii.Bool(true)
		github.TypePrefix = jsii.String("gh")
		hmac := eventpipeline.HmacWebhook("acme", importedSecret(stack, "acme"),
			eventpipeline.HmacOptions{
				Header: "X-Signature", Prefix: "v1=", Algorithm: "sha512", Encoding: "base64",
				TimestampHeader: "X-Time", SignedContent: "{timestamp}.{body}",
				Tolerance: awscdk.Duration_Minutes(jsii.Number(1)), EventTypePointer: "/type",
				DeliveryIdHeader: "X-Id",
			})
		return &eventpipeline.EventPipelineProps{Webhooks: &webhookSources{github, hmac}}
	})
}

func TestWebhooks_HaveARouteWithItsOwnThrottle(t *testing.T) {
	s := withWebhooks(t)
	if got := s.RouteAuthorization(t)["POST /webhooks/{source}"]; got != "NONE" {
		t.Errorf("the route must have authorization NONE, got %q", got)
	}
	s.Resource(t, "Stage", "AWS::ApiGatewayV2::Stage").Expect(t, `{
		"RouteSettings": {
			"GET /health": {"ThrottlingRateLimit": 10, "ThrottlingBurstLimit": 20},
			"POST /webhooks/{source}": {"ThrottlingRateLimit": 500, "ThrottlingBurstLimit": 1000}
		}
	}`)
}

func TestWebhooks_AreConfiguredInTheApiFunctionOnly(t *testing.T) {
	s := withWebhooks(t)
	s.Environment(t, "ApiFunction").Expect(t, `{"WEBHOOKS": "[`+
		`{\"name\":\"github\",\"scheme\":\"github\",\"secret\":\"${Secret}\",\"prefix\":\"gh\",`+
		`\"headers\":[\"x-github-hook-id\"],\"maxBytes\":2097152,\"forms\":true,\"pings\":true},`+
		`{\"name\":\"acme\",\"scheme\":\"hmac\",\"secret\":\"arn:${AWS::Partition}:secretsmanager:`+
		`${AWS::Region}:${AWS::AccountId}:secret:acme\",\"prefix\":\"acme\",\"hmac\":{`+
		`\"header\":\"x-signature\",\"algorithm\":\"sha512\",\"encoding\":\"base64\",`+
		`\"prefix\":\"v1=\",\"timestampHeader\":\"x-time\",\"tolerance\":60,`+
		`\"signedContent\":\"{timestamp}.{body}\",\"eventTypePointer\":\"/type\",`+
		`\"deliveryIdHeader\":\"x-id\"}}]"}`)
	s.Environment(t, "WorkerFunction").Expect(t, `{"WEBHOOKS": null}`)
	synth.DefaultPipeline(t).Environment(t, "ApiFunction").Expect(t, `{"WEBHOOKS": null}`)
}

func TestWebhooks_TheApiFunctionMayReadTheirSecretsOnly(t *testing.T) {
	const prefix = "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:"
	want := map[string]string{"${Secret}": "ApiRole", prefix + "acme-??????": "ApiRole"}
	got := map[string]string{}
	s := withWebhooks(t)
	for _, id := range s.IDsOf("AWS::IAM::Policy") {
		for resource, actions := range allowedActions(t, s.Resources[id]) {
			if slices.Contains(actions, "secretsmanager:GetSecretValue") && len(actions) == 1 {
				got[resource] = strings.TrimSuffix(id, "DefaultPolicy")
			} else if strings.Contains(strings.Join(actions, " "), "secretsmanager:") {
				t.Errorf("%s allows %s on %s", id, actions, resource)
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("roles that may read secrets (-want +got):\n%s", diff)
	}
}

func TestWebhooks_EachSourceHasAnAlarm(t *testing.T) {
	s := withWebhooks(t)
	for _, source := range []string{"github", "acme"} {
		s.Resource(t, "RefusedSignaturesAlarm"+source, "AWS::CloudWatch::Alarm").Expect(t, `{
			"Namespace": "EventPipeline", "MetricName": "RefusedSignatures", "Threshold": 5,
			"Dimensions": [
				{"Name": "QueueName", "Value": "${Queue.QueueName}"},
				{"Name": "WebhookSource", "Value": "`+source+`"}
			]}`)
	}
}

func TestWebhooks_TheDashboardShowsEachSource(t *testing.T) {
	s := withWebhooks(t)
	dashboard := s.Resource(t, "Dashboard", "AWS::CloudWatch::Dashboard")
	text := dashboard.Properties["DashboardBody"].(string)
	for _, source := range []string{"github", "acme"} {
		for _, want := range []string{
			`"title":"Webhooks of ` + source + `"`,
			`"Accepted","QueueName","${Queue.QueueName}","WebhookSource","` + source + `"`,
			`"RefusedSignatures","QueueName","${Queue.QueueName}","WebhookSource","` + source + `"`,
		} {
			if !strings.Contains(text, want) {
				t.Errorf("the dashboard has no %s:\n%s", want, text)
			}
		}
	}
	text = synth.DefaultPipeline(t).Resource(t, "Dashboard", "AWS::CloudWatch::Dashboard").
		Properties["DashboardBody"].(string)
	if strings.Contains(text, "Webhook") {
		t.Errorf("a pipeline without webhooks shows some:\n%s", text)
	}
}

func TestWebhooks_UseAnExistingApi(t *testing.T) {
	s := synth.Pipeline(t, func(stack awscdk.Stack) *eventpipeline.EventPipelineProps {
		return &eventpipeline.EventPipelineProps{
			HttpApi: awsapigatewayv2.NewHttpApi(stack, jsii.String("Existing"), nil),
			Webhooks: &webhookSources{
				eventpipeline.StripeWebhook("stripe", importedSecret(stack, "stripe")),
			},
		}
	})
	s.Resource(t, "WebhookRoute", "AWS::ApiGatewayV2::Route").Expect(t, `{
		"ApiId": "${Existing}", "RouteKey": "POST /webhooks/{source}",
		"AuthorizationType": "NONE"
	}`)
}

func TestWebhooks_TheURLContainsTheName(t *testing.T) {
	stack := synth.NewStack(t)
	synth.Must(t, func() error {
		p := eventpipeline.NewEventPipeline(stack, jsii.String("EventPipeline"), nil)
		url := p.WebhookUrl(jsii.String("github"))
		awscdk.NewCfnOutput(stack, jsii.String("Url"), &awscdk.CfnOutputProps{Value: url})
		return nil
	})
	synth.Synthesize(t, stack)
}

func invalidWebhooks(stack awscdk.Stack) map[string]invalidProps {
	secret := importedSecret(stack, "secret")
	changed := func(fn func(*eventpipeline.WebhookSource)) *eventpipeline.WebhookSource {
		w := eventpipeline.StripeWebhook("stripe", secret)
		fn(w)
		return w
	}
	return map[string]invalidProps{
		"WebhooksEmpty": invalid(props{Webhooks: &webhookSources{}}, "Webhooks"),
		"WebhooksLiteral": invalid(props{Webhooks: &webhookSources{{}}},
			"Webhooks GitHubWebhook"),
		"WebhooksNil": invalid(props{Webhooks: &webhookSources{nil}}, "Webhooks GitHubWebhook"),
		"WebhooksSameName": invalid(props{Webhooks: &webhookSources{
			eventpipeline.GitHubWebhook("a", secret), eventpipeline.StripeWebhook("a", secret),
		}}, `Webhooks two "a"`),
		"WebhooksName": invalid(props{Webhooks: &webhookSources{
			eventpipeline.GitHubWebhook("Git/Hub", secret),
		}}, `Webhooks "Git/Hub" Name URL`),
		"WebhooksNoSecret": invalid(props{Webhooks: &webhookSources{
			eventpipeline.GitHubWebhook("github", nil),
		}}, `Webhooks "github" secret`),
		"WebhooksNoDeliveryID": invalid(props{Webhooks: &webhookSources{
			eventpipeline.HmacWebhook("acme", secret, eventpipeline.HmacOptions{
				Header: "x-sig", EventType: "x",
			}),
		}}, `Webhooks "acme" DeliveryIdHeader second`),
		"WebhooksNoType": invalid(props{Webhooks: &webhookSources{
			eventpipeline.HmacWebhook("acme", secret, eventpipeline.HmacOptions{
				Header: "x-sig", DeliveryIdHeader: "x-id",
			}),
		}}, `Webhooks "acme" EventTypeHeader`),
		"WebhooksPings": invalid(props{Webhooks: &webhookSources{
			changed(func(w *eventpipeline.WebhookSource) { w.AcceptPings = jsii.Bool(false) }),
		}}, `Webhooks "stripe" AcceptPings GitHub`),
		"WebhooksTooLarge": invalid(props{Webhooks: &webhookSources{
			changed(func(w *eventpipeline.WebhookSource) {
				w.MaxPayloadBytes = jsii.Number(3 << 20)
			}),
		}}, "Webhooks stripe MaxPayloadBytes 2097152 3145728"),
		"WebhooksSignatureKept": invalid(props{Webhooks: &webhookSources{
			changed(func(w *eventpipeline.WebhookSource) {
				w.Headers = jsii.Strings("Stripe-Signature")
			}),
		}}, `Webhooks "stripe" Headers stripe-signature`),
		"WebhooksSchemas": invalid(props{Webhooks: &webhookSources{
			changed(func(w *eventpipeline.WebhookSource) {
				w.SchemaDirectory = jsii.String("missing")
			}),
		}}, "Webhooks stripe SchemaDirectory missing"),
		"WebhooksThrottleWithoutSources": invalid(props{
			WebhooksThrottlingRateLimit: jsii.Number(1),
		}, "WebhooksThrottlingRateLimit Webhooks"),
		"WebhooksThrottle": invalid(props{
			WebhooksThrottlingRateLimit: jsii.Number(0),
			Webhooks:                    &webhookSources{eventpipeline.GitHubWebhook("g", secret)},
		}, "WebhooksThrottlingRateLimit 0"),
	}
}

// The API function reads secrets only from its own account and region.
func TestWebhooks_SecretsMustBeInTheStacksEnvironment(t *testing.T) {
	const arn = "arn:aws:secretsmanager:us-east-1:222222222222:secret:github-AbCdEf"
	app := synth.NewApp(t, nil)
	synth.Must(t, func() error {
		for _, stack := range []awscdk.Stack{
			stackIn(app, "Same", "222222222222", "us-east-1"),
			stackIn(app, "Region", "222222222222", "eu-central-1"),
			stackIn(app, "Account", "111111111111", "us-east-1"),
		} {
			secret := awssecretsmanager.Secret_FromSecretCompleteArn(
				stack, jsii.String("Secret"), jsii.String(arn))
			eventpipeline.NewEventPipeline(stack, jsii.String("EventPipeline"), &props{
				Webhooks: &webhookSources{eventpipeline.GitHubWebhook("github", secret)},
			})
		}
		return nil
	})
	expectErrors(t, app, map[string][]string{
		"Region/EventPipeline":  {"Webhooks region eu-central-1 us-east-1 github"},
		"Account/EventPipeline": {"Webhooks account 111111111111 222222222222 github"},
	})
}

// Two pipelines may have sources with the same name and secret, because each pipeline has its own
// API.
func TestWebhooks_TwoPipelinesMayHaveTheSameSource(t *testing.T) {
	stack := synth.NewStack(t)
	synth.Must(t, func() error {
		secret := importedSecret(stack, "github")
		for _, id := range []string{"Orders", "Returns"} {
			eventpipeline.NewEventPipeline(stack, jsii.String(id), &props{
				PhysicalNamePrefix: jsii.String(strings.ToLower(id)),
				Webhooks:           &webhookSources{eventpipeline.GitHubWebhook("github", secret)},
			})
		}
		return nil
	})
	s := synth.Synthesize(t, stack)
	names := map[string]bool{}
	for _, id := range s.IDsOf("AWS::CloudWatch::Alarm") {
		if name, _ := s.Resources[id].Properties["AlarmName"].(string); strings.Contains(name,
			"refused-signatures-github") {
			names[name] = true
		}
	}
	if len(names) != 2 {
		t.Errorf("got the alarms %v", names)
	}
}
