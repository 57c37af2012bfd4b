package eventpipeline_test

import (
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/test/synth"
)

const certificate = "arn:aws:acm:us-east-1:111111111111:certificate/one"

// withDomain returns a pipeline with a custom domain name, and the value of the pipeline's ApiUrl.
func withDomain(
	t *testing.T,
	change func(awscdk.Stack, *eventpipeline.EventPipelineProps),
) (synth.Template, any) {
	t.Helper()
	stack := synth.NewStack(t)
	p := eventpipeline.EventPipelineProps{
		DomainName: jsii.String("events.example.org"),
		DomainCertificate: awscertificatemanager.Certificate_FromCertificateArn(
			stack, jsii.String("Certificate"), jsii.String(certificate)),
	}
	if change != nil {
		change(stack, &p)
	}
	synth.Must(t, func() error {
		made := eventpipeline.NewEventPipeline(stack, jsii.String("EventPipeline"), &p)
		awscdk.NewCfnOutput(
			stack, jsii.String("ApiUrl"), &awscdk.CfnOutputProps{Value: made.ApiUrl()})
		awscdk.NewCfnOutput(
			stack,
			jsii.String("Alias"),
			&awscdk.CfnOutputProps{Value: made.DomainName().RegionalDomainName()},
		)
		return nil
	})
	s := synth.Synthesize(t, stack)
	output := s.Content["Outputs"].(map[string]any)["ApiUrl"].(map[string]any)
	return s, synth.ReplaceIntrinsics(output["Value"])
}

func TestDomain_MapsToTheApi(t *testing.T) {
	s, url := withDomain(t, nil)
	s.Resource(t, "DomainName", "AWS::ApiGatewayV2::DomainName").Expect(t, `{
		"DomainName": "events.example.org",
		"DomainNameConfigurations": [{"CertificateArn": "`+certificate+`",
			"EndpointType": "REGIONAL", "SecurityPolicy": "TLS_1_2"}],
		"MutualTlsAuthentication": null
	}`)
	mappings := s.IDsOf("AWS::ApiGatewayV2::ApiMapping")
	if len(mappings) != 1 {
		t.Fatalf("template must have one API mapping, got %v", mappings)
	}
	s.Resources[mappings[0]].Expect(
		t,
		`{"ApiId": "${HttpApi}", "DomainName": "${DomainName}", "Stage": "$default",
			"ApiMappingKey": null}`,
	)
	s.Resource(t, "HttpApi", "AWS::ApiGatewayV2::Api").
		Expect(t, `{"DisableExecuteApiEndpoint": null}`)
	if want := "https://${DomainName}/"; url != want {
		t.Errorf("ApiUrl must be %s, got %v", want, url)
	}
}

func TestDomain_MayBeTheOnlyEndpoint(t *testing.T) {
	s, url := withDomain(t, func(_ awscdk.Stack, p *eventpipeline.EventPipelineProps) {
		p.DomainMappingKey, p.DisableExecuteApiEndpoint = jsii.String("ingest/v1"), jsii.Bool(true)
	})
	s.Resources[s.IDsOf("AWS::ApiGatewayV2::ApiMapping")[0]].Expect(
		t,
		`{"ApiMappingKey": "ingest/v1"}`,
	)
	s.Resource(t, "HttpApi", "AWS::ApiGatewayV2::Api").
		Expect(t, `{"DisableExecuteApiEndpoint": true}`)
	if want := "https://${DomainName}/ingest/v1/"; url != want {
		t.Errorf("ApiUrl must be %s, got %v", want, url)
	}
}

// Mutual TLS must disable the execute-api endpoint, whose clients need no certificate.
func TestMutualTls_DisablesTheExecuteApiEndpoint(t *testing.T) {
	s, _ := withDomain(t, func(stack awscdk.Stack, p *eventpipeline.EventPipelineProps) {
		p.MutualTls = &awsapigatewayv2.MTLSConfig{
			Bucket:  awss3.Bucket_FromBucketName(stack, jsii.String("Trust"), jsii.String("trust")),
			Key:     jsii.String("store.pem"),
			Version: jsii.String("7"),
		}
	})
	s.Resource(t, "DomainName", "AWS::ApiGatewayV2::DomainName").Expect(t, `{
		"MutualTlsAuthentication": {"TruststoreUri": "s3://trust/store.pem",
			"TruststoreVersion": "7"}
	}`)
	s.Resource(t, "HttpApi", "AWS::ApiGatewayV2::Api").
		Expect(t, `{"DisableExecuteApiEndpoint": true}`)
}
