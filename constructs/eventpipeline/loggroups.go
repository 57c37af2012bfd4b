package eventpipeline

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"
)

// These are the prefixes of the log groups' names. API Gateway adds each log group to a resource
// policy of the account, except log groups under /aws/vendedlogs/. The size of that policy is
// limited.
const (
	functionLogs = "/aws/lambda/"
	apiLogs      = "/aws/vendedlogs/apigateway/"
)

func newLogGroup(p *eventPipeline, id, prefix, suffix string) awslogs.LogGroup {
	props := &awslogs.LogGroupProps{
		Retention:     p.props.LogRetention,
		RemovalPolicy: removalPolicy(p.props),
		EncryptionKey: p.props.LogEncryptionKey,
	}
	name := p.physicalName(suffix)
	if name == nil && prefix == apiLogs {
		name = accessLogName(p)
	}
	if name != nil {
		props.LogGroupName = jsii.String(prefix + *name)
	}
	return awslogs.NewLogGroup(p, &id, props)
}

// accessLogName returns the name of the access log's group without the prefix apiLogs. It is used
// if PhysicalNamePrefix is not set, because CloudFormation can't generate a name that begins with
// apiLogs. The name ends with a part of the stack's id, because the log group of a deleted stack
// may still exist.
func accessLogName(p *eventPipeline) *string {
	name := awscdk.Names_UniqueResourceName(p, &awscdk.UniqueResourceNameOptions{
		Separator: jsii.String("-"), AllowedSpecialCharacters: jsii.String("-"),
	})
	uuid := awscdk.Fn_Select(jsii.Number(2),
		awscdk.Fn_Split(jsii.String("/"), awscdk.Stack_Of(p).StackId(), nil))
	return jsii.String(*name + "-" + *uuid)
}

// allowLogs lets CloudWatch Logs perform the actions with the key, for the pipeline's log groups.
// The statement selects the log groups by name. If CloudFormation generates the names, the
// statement selects all log groups of the account and region. The statement can't refer to the log
// groups' constructs, because they already refer to the key.
func allowLogs(p *eventPipeline, key awskms.IKey, actions ...string) {
	if key == nil {
		return
	}
	names := []string{"*"}
	if p.props.PhysicalNamePrefix != nil {
		names = []string{
			functionLogs + *p.physicalName("api"), functionLogs + *p.physicalName("worker"),
			functionLogs + *p.physicalName("reconciler"), apiLogs + *p.physicalName("api"),
		}
	}
	stack := awscdk.Stack_Of(p)
	var groups []*string
	for _, name := range names {
		groups = append(groups, stack.FormatArn(&awscdk.ArnComponents{
			Service: jsii.String("logs"), Resource: jsii.String("log-group"), ResourceName: &name,
			ArnFormat: awscdk.ArnFormat_COLON_RESOURCE_NAME,
		}))
	}
	key.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: servicePrincipal("logs." + *stack.Region() + "." + *stack.UrlSuffix()),
		Actions:    jsii.Strings(actions...),
		Resources:  jsii.Strings("*"), // in a key policy, * means this key
		Conditions: &map[string]any{
			"ArnLike": map[string]any{"kms:EncryptionContext:aws:logs:arn": groups},
		},
	}), jsii.Bool(true))
}
