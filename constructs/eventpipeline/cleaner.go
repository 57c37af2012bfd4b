package eventpipeline

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"
)

// The cleaner is CDK's function that empties the buckets of a stack which is to leave nothing.

// cleanerActions are what it calls. CDK itself would let it get and list all there is to know of a bucket.
var cleanerActions = []string{
	"s3:GetBucketTagging", "s3:GetBucketPolicy", "s3:PutBucketPolicy",
	"s3:ListBucketVersions", "s3:DeleteObject", "s3:DeleteObjectVersion",
}

// narrowCleaner lets it do that and nothing else.
func narrowCleaner(bucket awss3.Bucket) {
	policy := bucket.Policy().Node().DefaultChild().(awss3.CfnBucketPolicy)
	// The first two of CDK's statements are those that ask for TLS.
	policy.AddPropertyOverride(jsii.String("PolicyDocument.Statement.2.Action"), cleanerActions)
}

// exceptCleaner is the condition that whoever asks is not the cleaner of this bucket; none when it has none.
func exceptCleaner(bucket awss3.IBucket) map[string]any {
	if bucket.Node().TryFindChild(jsii.String("AutoDeleteObjectsCustomResource")) == nil {
		return nil
	}
	cleaner := awscdk.Stack_Of(bucket).Node().FindChild(jsii.String("Custom::S3AutoDeleteObjectsCustomResourceProvider"))
	role := cleaner.Node().FindChild(jsii.String("Role")).(awscdk.CfnResource)
	return map[string]any{"ArnNotEquals": map[string]any{"aws:PrincipalArn": role.GetAtt(jsii.String("Arn"), awscdk.ResolutionTypeHint_STRING)}}
}
