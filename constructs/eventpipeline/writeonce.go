package eventpipeline

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"
)

// writeOnce lets nobody overwrite or delete an object, whatever rights they have, short of who may change the bucket's
// policy. What a lifecycle rule removes it removes: S3 asks no policy for that.
func writeOnce(bucket awss3.Bucket) {
	// Only a PutObject with If-None-Match can't overwrite. The parts of a multipart upload can't have one, and payloads are
	// too small for any.
	deny(bucket, "DenyOverwriting", map[string]any{"Null": map[string]string{"s3:if-none-match": "true"}}, "s3:PutObject")
	deny(bucket, "DenyDeleting", exceptCleaner(bucket), "s3:DeleteObject", "s3:DeleteObjectVersion")
}

func deny(bucket awss3.Bucket, sid string, conditions map[string]any, actions ...string) {
	bucket.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid:        &sid,
		Effect:     awsiam.Effect_DENY,
		Principals: &[]awsiam.IPrincipal{awsiam.NewAnyPrincipal()},
		Actions:    jsii.Strings(actions...),
		Resources:  &[]*string{bucket.ArnForObjects(jsii.String("*"))},
		Conditions: &conditions,
	}))
}
