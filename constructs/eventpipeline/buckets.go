package eventpipeline

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

// These patterns match the keys of all objects under bronze/ and silver/.
const (
	bronzeObjects = contract.BronzePrefix + "*"
	silverObjects = contract.SilverPrefix + "*"
)

// newServerAccessLogsBucket returns the bucket for server access logs, or nil if Bronze and Silver
// are existing buckets. A new log bucket has no KMS key, because S3 delivers access logs only to
// buckets that S3's own key encrypts.
func newServerAccessLogsBucket(p *eventPipeline) awss3.IBucket {
	if p.props.BronzeBucket != nil && p.props.SilverBucket != nil {
		return nil
	}
	if p.props.ServerAccessLogsBucket != nil {
		return p.props.ServerAccessLogsBucket
	}
	return newBucket(p, "ServerAccessLogsBucket", nil, nil, &awss3.LifecycleRule{
		Id: jsii.String("expire"), Expiration: p.props.ServerAccessLogsExpiration,
	})
}

func newBronzeBucket(p *eventPipeline) awss3.IBucket {
	if p.props.BronzeBucket != nil {
		return p.props.BronzeBucket
	}
	key, lock := p.props.BronzeEncryptionKey, p.props.BronzeObjectLock
	bucket := newBucket(p, "BronzeBucket", key, lock, &awss3.LifecycleRule{
		Id:          jsii.String("archive"),
		Transitions: transitions(p.props),
		Expiration:  p.props.BronzeExpiration,
	})
	makeWriteOnce(bucket, "*")
	logAccess(p, bucket, contract.BronzePrefix)
	return bucket
}

// transitions returns the lifecycle transitions that are set in the props, or nil if none is set.
func transitions(p EventPipelineProps) *[]*awss3.Transition {
	var list []*awss3.Transition
	for _, transition := range []*awss3.Transition{
		{
			StorageClass:    awss3.StorageClass_INFREQUENT_ACCESS(),
			TransitionAfter: p.BronzeInfrequentAccessAfter,
		},
		{
			StorageClass:    awss3.StorageClass_GLACIER_INSTANT_RETRIEVAL(),
			TransitionAfter: p.BronzeArchiveAfter,
		},
	} {
		if transition.TransitionAfter != nil {
			list = append(list, transition)
		}
	}
	if list == nil {
		return nil
	}
	return &list
}

func newSilverBucket(p *eventPipeline) awss3.IBucket {
	if p.props.SilverBucket != nil {
		return p.props.SilverBucket
	}
	var rules []*awss3.LifecycleRule
	if p.props.SilverExpiration != nil {
		rules = append(rules, &awss3.LifecycleRule{
			Id: jsii.String("expire"), Expiration: p.props.SilverExpiration,
		})
	}
	bucket := newBucket(p, "SilverBucket", p.props.SilverEncryptionKey, nil, rules...)
	logAccess(p, bucket, contract.SilverPrefix)
	return bucket
}

// newBucket creates a private, versioned bucket that rejects requests without TLS. If key is nil,
// S3's own key encrypts the objects.
func newBucket(
	p *eventPipeline, id string, key awskms.IKey, lock awss3.ObjectLockRetention,
	rules ...*awss3.LifecycleRule,
) awss3.Bucket {
	rules = append(rules, &awss3.LifecycleRule{
		Id:                                  jsii.String("clean-up"),
		AbortIncompleteMultipartUploadAfter: p.props.AbortIncompleteMultipartUploadAfter,
		NoncurrentVersionExpiration:         p.props.NoncurrentVersionExpiration,
	})
	destroy := p.props.RemovalPolicy == awscdk.RemovalPolicy_DESTROY
	props := &awss3.BucketProps{
		BlockPublicAccess:          awss3.BlockPublicAccess_BLOCK_ALL(),
		EnforceSSL:                 jsii.Bool(true),
		MinimumTLSVersion:          jsii.Number(1.2),
		ObjectOwnership:            awss3.ObjectOwnership_BUCKET_OWNER_ENFORCED,
		Versioned:                  jsii.Bool(true),
		LifecycleRules:             &rules,
		Encryption:                 awss3.BucketEncryption_S3_MANAGED,
		ObjectLockDefaultRetention: lock,
		RemovalPolicy:              removalPolicy(p.props),
		AutoDeleteObjects:          &destroy,
	}
	if key != nil {
		props.Encryption, props.EncryptionKey = awss3.BucketEncryption_KMS, key
		props.BucketKeyEnabled = jsii.Bool(true) // otherwise S3 calls KMS for each object
	}
	bucket := awss3.NewBucket(p, &id, props)
	if destroy {
		restrictAutoDelete(bucket)
	} else {
		// A retained bucket must keep its policy, because the policy makes it write-once.
		bucket.Policy().ApplyRemovalPolicy(removalPolicy(p.props))
	}
	return bucket
}

// logAccess makes S3 write the bucket's access logs to the log bucket. The keys of the logs begin
// with prefix. The log bucket's policy lets S3 write only the logs of this bucket and account.
//
// logAccess does not use the CDK's prop for access logs. That prop can set an ACL on the log
// bucket, and the pipeline's buckets reject ACLs.
func logAccess(p *eventPipeline, bucket awss3.Bucket, prefix string) {
	logs := p.serverAccessLogsBucket
	bucket.Node().DefaultChild().(awss3.CfnBucket).SetLoggingConfiguration(
		&awss3.CfnBucket_LoggingConfigurationProperty{
			DestinationBucketName: logs.BucketName(),
			LogFilePrefix:         &prefix,
		})
	stack := awscdk.Stack_Of(p)
	if *logs.Stack().Node().Path() != *stack.Node().Path() {
		return // the statement would make the stacks depend on each other
	}
	logs.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: servicePrincipal("logging.s3.amazonaws.com"),
		Actions:    jsii.Strings("s3:PutObject"),
		Resources:  &[]*string{logs.ArnForObjects(jsii.String(prefix + "*"))},
		Conditions: &map[string]any{
			"ArnEquals":    map[string]*string{"aws:SourceArn": bucket.BucketArn()},
			"StringEquals": map[string]*string{"aws:SourceAccount": stack.Account()},
		},
	}))
}

func servicePrincipal(name string) *[]awsiam.IPrincipal {
	return &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(&name, nil)}
}

// DenyOverwriting makes an existing bucket write-once under bronze/, like a bucket that the
// pipeline creates. Pass the bucket as BronzeBucket. Synth reports an error for an imported bucket,
// because the app can't change its policy.
func DenyOverwriting(bucket awss3.IBucket) {
	if !makeWriteOnce(bucket, bronzeObjects) {
		awscdk.Annotations_Of(bucket).AddError(jsii.String("DenyOverwriting can't change the " +
			"policy of an imported bucket: add the statements in docs/construct.md to the policy"))
	}
}

// makeWriteOnce adds statements to the bucket's policy that deny overwriting and deleting objects.
// It returns false if the app can't change the policy.
//
// A principal that may change the bucket's policy or lifecycle rules can still bypass the
// statements.
func makeWriteOnce(bucket awss3.IBucket, objects string) bool {
	// The policy denies PutObject requests without If-None-Match, because only such requests can
	// overwrite an object. It also denies multipart uploads, whose parts can't have this header.
	// Payloads are too small to need a multipart upload.
	overwrites := map[string]any{"Null": map[string]string{"s3:if-none-match": "true"}}
	return deny(bucket, "DenyOverwriting", objects, overwrites, "s3:PutObject") &&
		deny(bucket, "DenyReplicating", objects, nil, "s3:ReplicateObject", "s3:ReplicateDelete") &&
		deny(bucket, "DenyDeleting", objects, exceptAutoDelete(bucket),
			"s3:DeleteObject", "s3:DeleteObjectVersion")
}

func deny(
	bucket awss3.IBucket, sid, objects string, conditions map[string]any, actions ...string,
) bool {
	return *bucket.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid:        &sid,
		Effect:     awsiam.Effect_DENY,
		Principals: &[]awsiam.IPrincipal{awsiam.NewAnyPrincipal()},
		Actions:    jsii.Strings(actions...),
		Resources:  &[]*string{bucket.ArnForObjects(&objects)},
		Conditions: &conditions,
	})).StatementAdded
}

// autoDeleteActions lists the S3 actions that the CDK's own function needs to empty a bucket. The
// CDK's default is broader: s3:GetBucket* and s3:List*.
var autoDeleteActions = []string{
	"s3:GetBucketTagging", "s3:GetBucketPolicy", "s3:PutBucketPolicy",
	"s3:ListBucketVersions", "s3:DeleteObject", "s3:DeleteObjectVersion",
}

func restrictAutoDelete(bucket awss3.Bucket) {
	policy := bucket.Policy().Node().DefaultChild().(awss3.CfnBucketPolicy)
	// Statements 0 and 1 of the bucket's policy require TLS. Statement 2 lets the CDK function
	// empty the bucket.
	path := jsii.String("PolicyDocument.Statement.2.Action")
	policy.AddPropertyOverride(path, autoDeleteActions)
}

// exceptAutoDelete returns a condition that excludes the CDK function that empties this bucket, or
// nil if there is no such function.
func exceptAutoDelete(bucket awss3.IBucket) map[string]any {
	if bucket.Node().TryFindChild(jsii.String("AutoDeleteObjectsCustomResource")) == nil {
		return nil
	}
	provider := jsii.String("Custom::S3AutoDeleteObjectsCustomResourceProvider")
	role := awscdk.Stack_Of(bucket).Node().FindChild(provider).Node().FindChild(jsii.String("Role"))
	arn := role.(awscdk.CfnResource).GetAtt(jsii.String("Arn"), awscdk.ResolutionTypeHint_STRING)
	return map[string]any{"ArnNotEquals": map[string]any{"aws:PrincipalArn": arn}}
}
