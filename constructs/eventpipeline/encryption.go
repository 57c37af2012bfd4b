package eventpipeline

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"
)

// What is stored is encrypted in any case: by the services' own keys, or by keys of the user's.

func encryptBucket(props *awss3.BucketProps, key awskms.IKey) {
	props.Encryption = awss3.BucketEncryption_S3_MANAGED
	if key != nil {
		props.Encryption, props.EncryptionKey = awss3.BucketEncryption_KMS, key
		props.BucketKeyEnabled = jsii.Bool(true) // or S3 calls KMS for each object
	}
}

func encryptTable(props *awsdynamodb.TableProps, key awskms.IKey) {
	if key != nil {
		props.Encryption, props.EncryptionKey = awsdynamodb.TableEncryption_CUSTOMER_MANAGED, key
	}
}

func encryptQueue(props *awssqs.QueueProps, key awskms.IKey) {
	props.Encryption = awssqs.QueueEncryption_SQS_MANAGED
	if key != nil {
		props.Encryption, props.EncryptionMasterKey = awssqs.QueueEncryption_KMS, key
	}
}

// allowLogs lets CloudWatch Logs use the key for the pipeline's log groups: by their names, or, when CloudFormation makes
// those, for whatever log group of this account and region. The key can't refer to log groups that refer to it.
func allowLogs(p *eventPipeline, key awskms.IKey) {
	if key == nil {
		return
	}
	stack := awscdk.Stack_Of(p)
	var groups []*string
	for _, name := range logGroupNames(p.props) {
		groups = append(groups, stack.FormatArn(&awscdk.ArnComponents{
			Service: jsii.String("logs"), Resource: jsii.String("log-group"), ResourceName: &name, ArnFormat: awscdk.ArnFormat_COLON_RESOURCE_NAME,
		}))
	}
	key.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String("logs."+*stack.Region()+"."+*stack.UrlSuffix()), nil)},
		Actions: jsii.Strings("kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo",
			"kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:DescribeKey"),
		Resources:  jsii.Strings("*"), // a key's policy is about the key alone
		Conditions: &map[string]any{"ArnLike": map[string]any{"kms:EncryptionContext:aws:logs:arn": groups}},
	}), jsii.Bool(true))
}

// logGroupNames are those of newLogGroup.
func logGroupNames(p EventPipelineProps) []string {
	if p.PhysicalNamePrefix == nil {
		return []string{"*"}
	}
	var names []string
	for _, group := range [][2]string{{functionLogs, "api"}, {functionLogs, "worker"}, {functionLogs, "reconciler"}, {accessLogs, "api"}} {
		names = append(names, group[0]+*physicalName(p, group[1]))
	}
	return names
}
