package eventpipeline

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"
)

// A pipeline with mistakes is never synthesized, but the app goes on with its getters until then. What may be wrong is put
// aside, or CDK's own checks would panic at the first mistake; what else was given is kept, or the app would miss it and panic.

// standIn are the props that such a pipeline is made with.
func standIn(p *eventPipeline, given EventPipelineProps) EventPipelineProps {
	kept := EventPipelineProps{
		BronzeEncryptionKey:      given.BronzeEncryptionKey,
		SilverEncryptionKey:      given.SilverEncryptionKey,
		EventsTableEncryptionKey: given.EventsTableEncryptionKey,
		QueueEncryptionKey:       given.QueueEncryptionKey,
		LogEncryptionKey:         given.LogEncryptionKey,
		EventBusEncryptionKey:    given.EventBusEncryptionKey,
		BronzeBucket:             given.BronzeBucket,
		SilverBucket:             given.SilverBucket,
		ServerAccessLogsBucket:   given.ServerAccessLogsBucket,
		Architecture:             given.Architecture,
		HttpApi:                  given.HttpApi,
		AlarmTopic:               given.AlarmTopic,
	}
	foreign := &mistakes{}
	foreign.elsewhere(awscdk.Stack_Of(p), given)
	if len(foreign.found) == 0 { // or CDK would find it first
		kept.EventsTable, kept.EventBus = given.EventsTable, given.EventBus
	}
	if isStandard(given.Queue) && isStandard(given.DeadLetterQueue) {
		kept.Queue, kept.DeadLetterQueue = given.Queue, given.DeadLetterQueue
	}
	if given.Vpc != nil {
		if _, err := selectSubnets(given.Vpc, nil); err == nil {
			kept.Vpc = given.Vpc
		}
	}
	if given.DomainName != nil { // of which only an API of the pipeline's own has any
		kept.HttpApi = nil
		kept.DomainName = jsii.String("mistaken.example.org")
		kept.DomainCertificate = awscertificatemanager.Certificate_FromCertificateArn(p, jsii.String("MistakenCertificate"),
			jsii.String("arn:aws:acm:us-east-1:111111111111:certificate/mistaken"))
	}
	return withDefaults(&kept)
}

func isStandard(queue awssqs.IQueue) bool { return queue != nil && !*queue.Fifo() }

// unbuilt stands in for a function: whoever makes a mistake is told at once, and not when all is compiled.
func unbuilt(p *eventPipeline, id string, role awsiam.IRole, logGroup awslogs.ILogGroup) awslambda.Function {
	return awslambda.NewFunction(p, jsii.String(id+"Function"), &awslambda.FunctionProps{
		Code:         awslambda.Code_FromBucket(p.bronzeBucket, jsii.String("unbuilt"), nil),
		Handler:      jsii.String("bootstrap"),
		Runtime:      awslambda.Runtime_PROVIDED_AL2023(),
		Architecture: p.props.Architecture,
		Role:         role,
		LogGroup:     logGroup,

		Vpc:               p.props.Vpc,
		AllowPublicSubnet: jsii.Bool(true),
	})
}
