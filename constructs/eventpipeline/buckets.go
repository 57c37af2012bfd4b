package eventpipeline

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

// Patterns of the object keys under the two prefixes.
const (
	bronzeObjects = contract.BronzePrefix + "*"
	silverObjects = contract.SilverPrefix + "*"
)

// newServerAccessLogsBucket returns the bucket for the access logs of the pipeline's own buckets,
// nil if both are existing ones. S3 delivers logs only to a bucket that its own key encrypts.
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

// transitions returns nil if payloads expire before the first transition.
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

// newBucket creates a private, versioned bucket for TLS only. Without a key, S3's own encrypts it.
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
		RemovalPolicy:              p.props.RemovalPolicy,
		AutoDeleteObjects:          &destroy,
	}
	if key != nil {
		props.Encryption, props.EncryptionKey = awss3.BucketEncryption_KMS, key
		props.BucketKeyEnabled = jsii.Bool(true) // otherwise S3 calls KMS for each object
	}
	bucket := awss3.NewBucket(p, &id, props)
	if destroy {
		restrictAutoDelete(bucket)
	}
	return bucket
}

// logAccess lets S3 log the bucket's requests under a prefix of the logs bucket, for this bucket
// and account only. The CDK's own way depends on a feature flag: without it, the CDK sets an ACL,
// which these buckets reject.
func logAccess(p *eventPipeline, bucket awss3.Bucket, prefix string) {
	logs := p.serverAccessLogsBucket
	bucket.Node().DefaultChild().(awss3.CfnBucket).SetLoggingConfiguration(
		&awss3.CfnBucket_LoggingConfigurationProperty{
			DestinationBucketName: logs.BucketName(),
			LogFilePrefix:         &prefix,
		})
	stack := awscdk.Stack_Of(p)
	if *logs.Stack().Node().Path() != *stack.Node().Path() {
		return // the statement would make the two stacks depend on each other
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

// DenyOverwriting makes an existing bucket write-once under bronze/, like the pipeline's own. Pass
// the bucket as BronzeBucket. An imported bucket's policy can't be changed; that is an error at
// synth.
func DenyOverwriting(bucket awss3.IBucket) {
	if !makeWriteOnce(bucket, bronzeObjects) {
		awscdk.Annotations_Of(bucket).AddError(jsii.String("DenyOverwriting can't change the " +
			"policy of an imported bucket: add the statements of docs/construct.md to it"))
	}
}

// makeWriteOnce denies everyone to overwrite or delete these objects. A principal can still change
// the bucket's policy or its lifecycle rules, which bypass the policy. It reports whether the
// bucket's policy could be changed.
func makeWriteOnce(bucket awss3.IBucket, objects string) bool {
	// A PutObject with If-None-Match can't overwrite. Parts of a multipart upload can't have that
	// header, but payloads are too small for such an upload.
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

// autoDeleteActions lists the calls of the CDK function that empties buckets. The CDK would also
// allow s3:GetBucket* and s3:List*.
var autoDeleteActions = []string{
	"s3:GetBucketTagging", "s3:GetBucketPolicy", "s3:PutBucketPolicy",
	"s3:ListBucketVersions", "s3:DeleteObject", "s3:DeleteObjectVersion",
}

func restrictAutoDelete(bucket awss3.Bucket) {
	policy := bucket.Policy().Node().DefaultChild().(awss3.CfnBucketPolicy)
	// The CDK's first two statements require TLS.
	path := jsii.String("PolicyDocument.Statement.2.Action")
	policy.AddPropertyOverride(path, autoDeleteActions)
}

// exceptAutoDelete returns the condition that the principal is not the CDK function that empties
// this bucket, or nil if there is no such function.
func exceptAutoDelete(bucket awss3.IBucket) map[string]any {
	if bucket.Node().TryFindChild(jsii.String("AutoDeleteObjectsCustomResource")) == nil {
		return nil
	}
	provider := jsii.String("Custom::S3AutoDeleteObjectsCustomResourceProvider")
	role := awscdk.Stack_Of(bucket).Node().FindChild(provider).Node().FindChild(jsii.String("Role"))
	arn := role.(awscdk.CfnResource).GetAtt(jsii.String("Arn"), awscdk.ResolutionTypeHint_STRING)
	return map[string]any{"ArnNotEquals": map[string]any{"aws:PrincipalArn": arn}}
}
