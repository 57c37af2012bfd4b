package eventpipeline

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

func newBronzeBucket(p *eventPipeline) awss3.IBucket {
	if p.props.BronzeBucket != nil {
		return p.props.BronzeBucket
	}
	props := bucketProps(p.props, &awss3.LifecycleRule{
		Id:          jsii.String("archive"),
		Transitions: transitions(p.props),
		Expiration:  p.props.BronzeExpiration,
	})
	encryptBucket(props, p.props.BronzeEncryptionKey)
	props.ObjectLockDefaultRetention = p.props.BronzeObjectLock
	bucket := newBucket(p, "BronzeBucket", p.props, props)
	writeOnce(bucket, "*")
	logAccess(p, bucket, contract.BronzePrefix)
	return bucket
}

// transitions are nil when payloads expire before any.
func transitions(p EventPipelineProps) *[]*awss3.Transition {
	var found []*awss3.Transition
	if p.BronzeInfrequentAccessAfter != nil {
		found = append(found, &awss3.Transition{StorageClass: awss3.StorageClass_INFREQUENT_ACCESS(), TransitionAfter: p.BronzeInfrequentAccessAfter})
	}
	if p.BronzeArchiveAfter != nil {
		found = append(found, &awss3.Transition{StorageClass: awss3.StorageClass_GLACIER_INSTANT_RETRIEVAL(), TransitionAfter: p.BronzeArchiveAfter})
	}
	if found == nil {
		return nil
	}
	return &found
}

func newSilverBucket(p *eventPipeline) awss3.IBucket {
	if p.props.SilverBucket != nil {
		return p.props.SilverBucket
	}
	var rules []*awss3.LifecycleRule
	if p.props.SilverExpiration != nil {
		rules = append(rules, &awss3.LifecycleRule{Id: jsii.String("expire"), Expiration: p.props.SilverExpiration})
	}
	props := bucketProps(p.props, rules...)
	encryptBucket(props, p.props.SilverEncryptionKey)
	bucket := newBucket(p, "SilverBucket", p.props, props)
	logAccess(p, bucket, contract.SilverPrefix)
	return bucket
}

// bucketProps are what all buckets have in common, but for the key.
func bucketProps(p EventPipelineProps, rules ...*awss3.LifecycleRule) *awss3.BucketProps {
	rules = append(rules, &awss3.LifecycleRule{
		Id:                                  jsii.String("clean-up"),
		AbortIncompleteMultipartUploadAfter: p.AbortIncompleteMultipartUploadAfter,
		NoncurrentVersionExpiration:         p.NoncurrentVersionExpiration,
	})
	return &awss3.BucketProps{
		BlockPublicAccess: awss3.BlockPublicAccess_BLOCK_ALL(),
		EnforceSSL:        jsii.Bool(true),
		MinimumTLSVersion: jsii.Number(1.2),
		ObjectOwnership:   awss3.ObjectOwnership_BUCKET_OWNER_ENFORCED,
		Versioned:         jsii.Bool(true),
		LifecycleRules:    &rules,
		RemovalPolicy:     p.RemovalPolicy,
		AutoDeleteObjects: jsii.Bool(p.RemovalPolicy == awscdk.RemovalPolicy_DESTROY),
	}
}

func newBucket(scope constructs.Construct, id string, p EventPipelineProps, props *awss3.BucketProps) awss3.Bucket {
	bucket := awss3.NewBucket(scope, &id, props)
	if p.RemovalPolicy == awscdk.RemovalPolicy_DESTROY {
		narrowCleaner(bucket)
	}
	return bucket
}

func newEventsTable(scope constructs.Construct, p EventPipelineProps) awsdynamodb.ITable {
	if p.EventsTable != nil {
		return p.EventsTable
	}
	props := &awsdynamodb.TableProps{
		TableName:                        physicalName(p, "events"),
		PartitionKey:                     &awsdynamodb.Attribute{Name: jsii.String("pk"), Type: awsdynamodb.AttributeType_STRING},
		BillingMode:                      awsdynamodb.BillingMode_PAY_PER_REQUEST,
		TimeToLiveAttribute:              jsii.String("expiresAt"),
		PointInTimeRecoverySpecification: &awsdynamodb.PointInTimeRecoverySpecification{PointInTimeRecoveryEnabled: jsii.Bool(true)},
		RemovalPolicy:                    p.RemovalPolicy,
		DeletionProtection:               jsii.Bool(p.RemovalPolicy == awscdk.RemovalPolicy_RETAIN),
	}
	encryptTable(props, p.EventsTableEncryptionKey)
	return awsdynamodb.NewTable(scope, jsii.String("EventsTable"), props)
}

// physicalName is the prefix with a suffix, or nil: then CloudFormation makes the name.
func physicalName(p EventPipelineProps, suffix string) *string {
	if p.PhysicalNamePrefix == nil {
		return nil
	}
	return jsii.String(*p.PhysicalNamePrefix + "-" + suffix)
}
