// Package cdkrules tests the synthesized templates with the rules of the CDK.
package cdkrules

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/stacks"
	"github.com/event-driven-cloud-platform/eventpipeline/test/synth"
)

func TestMain(m *testing.M) { os.Exit(synth.Main(m)) }

// The templates of all stages must follow the CDK's built-in rules. With a violation, synth returns
// an error.
func TestCDKRules_ReportNoViolation(t *testing.T) {
	app := strictApp(t)
	for _, name := range synth.Stages {
		synth.Must(t, func() error { _, err := stacks.New(app, name); return err })
	}
	synth.Must(t, func() error { otherApis(app); return nil })
	synth.Must(t, func() error { app.Synth(nil); return nil })
	raw, err := os.ReadFile(filepath.Join(*app.AssetOutdir(), "validation-report.json"))
	if err != nil {
		t.Fatal(err)
	}
	var report struct{ PluginReports []json.RawMessage }
	if err := json.Unmarshal(raw, &report); err != nil || len(report.PluginReports) > 0 {
		t.Errorf("report must be empty (read error: %v), got:\n%s", err, raw)
	}
}

const certificateARN = "arn:aws:acm:us-east-1:111111111111:certificate/one"

// otherApis adds a stack whose APIs are configured differently from those of the stages dev, prod
// and local.
func otherApis(app awscdk.App) {
	stack := awscdk.NewStack(app, jsii.String("OtherApis"), nil)
	eventpipeline.NewEventPipeline(stack, jsii.String("Jwt"), &eventpipeline.EventPipelineProps{
		JwtAuthorizer: &eventpipeline.JwtAuthorizerProps{
			Issuer:   jsii.String("https://login.example.org/pool"),
			Audience: jsii.Strings("events"),
		},
		DomainName:       jsii.String("events.example.org"),
		DomainMappingKey: jsii.String("v1"),
		DomainCertificate: awscertificatemanager.Certificate_FromCertificateArn(
			stack, jsii.String("Certificate"), jsii.String(certificateARN)),
		MutualTls: &awsapigatewayv2.MTLSConfig{
			Bucket: awss3.Bucket_FromBucketName(stack, jsii.String("Trust"), jsii.String("trust")),
			Key:    jsii.String("store.pem"),
		},
	})
	authorizer := awslambda.NewFunction(stack, jsii.String("Authorizer"), &awslambda.FunctionProps{
		Runtime: awslambda.Runtime_NODEJS_22_X(),
		Handler: jsii.String("index.handler"),
		Code:    awslambda.Code_FromInline(jsii.String("0")),
	})
	eventpipeline.NewEventPipeline(stack, jsii.String("Lambda"), &eventpipeline.EventPipelineProps{
		LambdaAuthorizer: &eventpipeline.LambdaAuthorizerProps{
			Handler:         authorizer,
			ResultsCacheTtl: awscdk.Duration_Seconds(jsii.Number(60)),
		},
	})
}

// This test proves that strictApp applies the rules.
func TestCDKRules_ReportAViolation(t *testing.T) {
	app := strictApp(t)
	stack := awscdk.NewStack(app, jsii.String("Stack"), nil)
	awssqs.NewCfnQueue(
		stack, jsii.String("Queue"), &awssqs.CfnQueueProps{MessageRetentionPeriod: jsii.Number(1)})
	err := synth.Attempt(func() error { app.Synth(nil); return nil })
	if err == nil || !strings.Contains(err.Error(), "MessageRetentionPeriod") {
		t.Errorf("a retention of a second must be a violation, got %v", err)
	}
}

var rules awscdk.CloudFormationValidatePlugin

// strictApp returns an app that applies the rules and fails on violations.
func strictApp(t *testing.T) awscdk.App {
	t.Helper()
	app := synth.NewApp(t, map[string]any{
		"@aws-cdk/core:validateAgainstDefaultRules": true,
		"@aws-cdk/core:appMode":                     "inmemory",
	})
	if rules == nil {
		rules = awscdk.NewCloudFormationValidatePlugin(nil) // takes seconds
	}
	awscdk.Validations_Of(app).AddPlugins(rules)
	return app
}
