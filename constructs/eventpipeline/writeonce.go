package eventpipeline

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"
)

// DenyOverwriting makes a bucket of yours write-once below bronze/, as the pipeline's own is: give it to BronzeBucket. The
// policy of a bucket that is looked up can't be changed from here, which is an error at synth.
func DenyOverwriting(bucket awss3.IBucket) {
	if !writeOnce(bucket, bronzePrefix) {
		awscdk.Annotations_Of(bucket).AddError(jsii.String(
			"DenyOverwriting can't change the policy of a bucket that is looked up; add the statements of docs/construct.md to it where it is made"))
	}
}

// writeOnce lets nobody overwrite or delete these objects, whatever rights they have, short of who may change the bucket's
// policy or its lifecycle rules: S3 asks no policy for what those remove. It tells whether the bucket takes a policy.
func writeOnce(bucket awss3.IBucket, objects string) bool {
	// Only a PutObject with If-None-Match can't overwrite. The parts of a multipart upload can't have one, and payloads are
	// too small for any.
	return deny(bucket, "DenyOverwriting", objects, map[string]any{"Null": map[string]string{"s3:if-none-match": "true"}}, "s3:PutObject") &&
		deny(bucket, "DenyReplicating", objects, nil, "s3:ReplicateObject", "s3:ReplicateDelete") && // from another bucket into this one
		deny(bucket, "DenyDeleting", objects, exceptCleaner(bucket), "s3:DeleteObject", "s3:DeleteObjectVersion")
}

func deny(bucket awss3.IBucket, sid, objects string, conditions map[string]any, actions ...string) bool {
	return *bucket.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid:        &sid,
		Effect:     awsiam.Effect_DENY,
		Principals: &[]awsiam.IPrincipal{awsiam.NewAnyPrincipal()},
		Actions:    jsii.Strings(actions...),
		Resources:  &[]*string{bucket.ArnForObjects(&objects)},
		Conditions: &conditions,
	})).StatementAdded
}
