package eventpipeline

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"
)

// placeholderProps returns the props with which a pipeline is created if the requested props are
// invalid. Synth will fail, but until then the app may call the pipeline's getters. The result
// omits all props that may be invalid, because the CDK would panic for the first invalid prop. It
// keeps the other props, because the app's own code might panic without them.
func placeholderProps(p *eventPipeline, requested EventPipelineProps) EventPipelineProps {
	kept := EventPipelineProps{
		BronzeEncryptionKey:      requested.BronzeEncryptionKey,
		SilverEncryptionKey:      requested.SilverEncryptionKey,
		EventsTableEncryptionKey: requested.EventsTableEncryptionKey,
		QueueEncryptionKey:       requested.QueueEncryptionKey,
		LogEncryptionKey:         requested.LogEncryptionKey,
		EventBusEncryptionKey:    requested.EventBusEncryptionKey,
		BronzeBucket:             requested.BronzeBucket,
		SilverBucket:             requested.SilverBucket,
		ServerAccessLogsBucket:   requested.ServerAccessLogsBucket,
		Architecture:             requested.Architecture,
		HttpApi:                  requested.HttpApi,
		AlarmTopic:               requested.AlarmTopic,
	}
	environment := &validation{}
	environment.requireSameEnvironment(awscdk.Stack_Of(p), requested)
	if !environment.failed() {
		kept.EventsTable, kept.EventBus = requested.EventsTable, requested.EventBus
	}
	if isStandard(requested.Queue) && isStandard(requested.DeadLetterQueue) {
		kept.Queue, kept.DeadLetterQueue = requested.Queue, requested.DeadLetterQueue
	}
	if requested.Vpc != nil {
		if _, err := selectSubnets(requested.Vpc, nil); err == nil {
			kept.Vpc = requested.Vpc
		}
	}
	if requested.DomainName != nil { // only the pipeline's own API has a domain name
		kept.HttpApi = nil
		kept.DomainName = jsii.String("placeholder.example.org")
		kept.DomainCertificate = awscertificatemanager.Certificate_FromCertificateArn(p,
			jsii.String("PlaceholderCertificate"),
			jsii.String("arn:aws:acm:us-east-1:111111111111:certificate/placeholder"))
	}
	return withDefaults(&kept)
}

// newPlaceholderFunction creates a function without compiling it, so that validation errors appear
// fast.
func newPlaceholderFunction(
	p *eventPipeline, id string, role awsiam.IRole, logGroup awslogs.ILogGroup,
) awslambda.Function {
	return awslambda.NewFunction(p, jsii.String(id+"Function"), &awslambda.FunctionProps{
		Code:         awslambda.Code_FromBucket(p.bronzeBucket, jsii.String("placeholder"), nil),
		Handler:      jsii.String("bootstrap"),
		Runtime:      awslambda.Runtime_PROVIDED_AL2023(),
		Architecture: p.props.Architecture,
		Role:         role,
		LogGroup:     logGroup,

		Vpc:               p.props.Vpc,
		AllowPublicSubnet: jsii.Bool(true),
	})
}
