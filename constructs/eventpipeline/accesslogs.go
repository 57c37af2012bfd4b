package eventpipeline

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"
)

// newServerAccessLogsBucket holds a line for each request to the other buckets. S3 writes there by its own key alone: it
// delivers to no bucket with another. It is nil when there is none whose requests it would hold.
func newServerAccessLogsBucket(p *eventPipeline) awss3.IBucket {
	if p.props.BronzeBucket != nil && p.props.SilverBucket != nil {
		return nil
	}
	if p.props.ServerAccessLogsBucket != nil {
		return p.props.ServerAccessLogsBucket
	}
	props := bucketProps(p.props, &awss3.LifecycleRule{
		Id:         jsii.String("expire"),
		Expiration: p.props.ServerAccessLogsExpiration,
	})
	encryptBucket(props, nil)
	return newBucket(p, "ServerAccessLogsBucket", p.props, props)
}

// logAccess lets S3 write what is asked of a bucket below a prefix of the logs' bucket, for this bucket of this account
// and no other. CDK's own way depends on a feature flag of the app: without it there is an ACL, which buckets here refuse.
func logAccess(p *eventPipeline, bucket awss3.Bucket, prefix string) {
	bucket.Node().DefaultChild().(awss3.CfnBucket).SetLoggingConfiguration(&awss3.CfnBucket_LoggingConfigurationProperty{
		DestinationBucketName: p.serverAccessLogsBucket.BucketName(),
		LogFilePrefix:         &prefix,
	})
	if *p.serverAccessLogsBucket.Stack().Node().Path() != *awscdk.Stack_Of(p).Node().Path() {
		return // each stack would need the other
	}
	p.serverAccessLogsBucket.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String("logging.s3.amazonaws.com"), nil)},
		Actions:    jsii.Strings("s3:PutObject"),
		Resources:  &[]*string{p.serverAccessLogsBucket.ArnForObjects(jsii.String(prefix + "*"))},
		Conditions: &map[string]any{
			"ArnEquals":    map[string]*string{"aws:SourceArn": bucket.BucketArn()},
			"StringEquals": map[string]*string{"aws:SourceAccount": awscdk.Stack_Of(p).Account()},
		},
	}))
}
