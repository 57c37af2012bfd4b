package eventpipeline

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"
)

func (p *eventPipeline) GrantIngest(grantee awsiam.IGrantable) awsiam.Grant {
	return p.grantInvoke("GrantIngest", grantee, "POST", "/events")
}

func (p *eventPipeline) GrantReadStatus(grantee awsiam.IGrantable) awsiam.Grant {
	return p.grantInvoke("GrantReadStatus", grantee, "GET", "/events/*")
}

// grantInvoke lets grantee call one route of the API, of its one stage; the stages of a given API are the user's.
func (p *eventPipeline) grantInvoke(name string, grantee awsiam.IGrantable, method, path string) awsiam.Grant {
	if p.props.Authorization != AuthorizationIAM {
		p.mistakes.unless(false, "%s has no effect on an API of Authorization %q, which does not ask for IAM; leave it out", name, p.props.Authorization)
		return awsiam.Grant_Drop(grantee, jsii.String("the API does not ask for IAM"))
	}
	stage := "*"
	if p.httpStage != nil {
		stage = *p.httpStage.StageName()
	}
	return grant(grantee, p.httpApi.ArnForExecuteApi(&method, &path, &stage), nil, "execute-api:Invoke")
}

func (p *eventPipeline) GrantReadSilver(grantee awsiam.IGrantable) awsiam.Grant {
	granted := grant(grantee, p.silverBucket.ArnForObjects(jsii.String(silverPrefix)), nil, "s3:GetObject").
		Combine(grant(grantee, p.silverBucket.BucketArn(), condition("StringLike", "s3:prefix", silverPrefix), "s3:ListBucket"))
	if key := p.silverBucket.EncryptionKey(); key != nil {
		granted = granted.Combine(grant(grantee, key.KeyArn(), condition("StringEquals", "kms:ViaService", service(p, "s3")), "kms:Decrypt"))
	}
	return granted
}

// grant is allow for a principal of the user's.
func grant(grantee awsiam.IGrantable, resource *string, conditions *map[string]*map[string]any, actions ...string) awsiam.Grant {
	return awsiam.Grant_AddToPrincipal(&awsiam.GrantOnPrincipalOptions{
		Grantee: grantee, Actions: jsii.Strings(actions...), ResourceArns: &[]*string{resource}, Conditions: conditions,
	})
}

func condition(operator, key, value string) *map[string]*map[string]any {
	return &map[string]*map[string]any{operator: {key: value}}
}
