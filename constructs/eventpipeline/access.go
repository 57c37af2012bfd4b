package eventpipeline

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"
)

func (p *eventPipeline) GrantIngest(grantee awsiam.IGrantable) awsiam.Grant {
	return p.grantInvoke("GrantIngest", grantee, awsapigatewayv2.HttpMethod_POST, "/events")
}

func (p *eventPipeline) GrantReadStatus(grantee awsiam.IGrantable) awsiam.Grant {
	return p.grantInvoke("GrantReadStatus", grantee, awsapigatewayv2.HttpMethod_GET, "/events/*")
}

// grantInvoke is for an API that asks IAM. Any other would not look at the right.
func (p *eventPipeline) grantInvoke(method string, grantee awsiam.IGrantable, verb awsapigatewayv2.HttpMethod, path string) awsiam.Grant {
	if p.authorization != AuthorizationIAM {
		p.mistakes.unless(false, "%s gives a right that Authorization %q never asks for; take %q, or leave the grant out and have the authorizer let the caller in",
			method, p.authorization, AuthorizationIAM)
		return awsiam.Grant_Drop(grantee, jsii.String(method))
	}
	stage := jsii.String("*") // those of a given API are the user's
	if p.httpStage != nil {
		stage = p.httpStage.StageName()
	}
	arn := p.httpApi.ArnForExecuteApi(jsii.String(string(verb)), &path, stage)
	return grant(grantee, arn, nil, "execute-api:Invoke")
}

func (p *eventPipeline) GrantReadSilver(grantee awsiam.IGrantable) awsiam.Grant {
	read := grant(grantee, p.silverBucket.ArnForObjects(jsii.String(silverPrefix)), nil, "s3:GetObject").
		Combine(grant(grantee, p.silverBucket.BucketArn(), below(silverPrefix), "s3:ListBucket"))
	key := p.silverBucket.EncryptionKey()
	if key == nil {
		return read
	}
	return read.Combine(grant(grantee, key.KeyArn(), via(p, "s3"), "kms:Decrypt"))
}

// grant lets a principal do the actions on one resource, on a condition if there is one.
func grant(grantee awsiam.IGrantable, resource *string, condition *condition, actions ...string) awsiam.Grant {
	options := &awsiam.GrantOnPrincipalOptions{
		Grantee:      grantee,
		Actions:      jsii.Strings(actions...),
		ResourceArns: &[]*string{resource},
	}
	if condition != nil {
		options.Conditions = &map[string]*map[string]any{condition.operator: {condition.key: condition.value}}
	}
	return awsiam.Grant_AddToPrincipal(options)
}
