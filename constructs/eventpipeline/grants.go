package eventpipeline

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

func (p *eventPipeline) GrantIngest(grantee awsiam.IGrantable) awsiam.Grant {
	post := awsapigatewayv2.HttpMethod_POST
	return p.grantInvoke("GrantIngest", grantee, post, contract.EventsPath)
}

func (p *eventPipeline) GrantReadStatus(grantee awsiam.IGrantable) awsiam.Grant {
	get := awsapigatewayv2.HttpMethod_GET
	return p.grantInvoke("GrantReadStatus", grantee, get, contract.EventsPath+"/*")
}

func (p *eventPipeline) grantInvoke(
	name string, grantee awsiam.IGrantable, method awsapigatewayv2.HttpMethod, path string,
) awsiam.Grant {
	if p.authorization != AuthorizationIAM {
		p.validation.addError(name, "must be used with Authorization %q, got %q: "+
			"without IAM authorization, the API's authorizer must accept the caller",
			AuthorizationIAM, p.authorization)
		return awsiam.Grant_Drop(grantee, &name)
	}
	stage := jsii.String("*") // the stages of an existing API are unknown
	if p.httpStage != nil {
		stage = p.httpStage.StageName()
	}
	arn := p.httpApi.ArnForExecuteApi(jsii.String(string(method)), &path, stage)
	return grant(grantee, arn, nil, "execute-api:Invoke")
}

func (p *eventPipeline) GrantReadSilver(grantee awsiam.IGrantable) awsiam.Grant {
	bucket := p.silverBucket
	read := grant(grantee, bucket.ArnForObjects(jsii.String(silverObjects)), nil, "s3:GetObject").
		Combine(grant(grantee, bucket.BucketArn(), underPrefix(silverObjects), "s3:ListBucket"))
	if key := bucket.EncryptionKey(); key != nil {
		read = read.Combine(grant(grantee, keyARN(key), viaService(p, "s3"), "kms:Decrypt"))
	}
	for _, key := range valueOrZero(p.props.FormerEncryptionKeys) {
		read = read.Combine(grant(grantee, keyARN(key), viaService(p, "s3"), "kms:Decrypt"))
	}
	return read
}

// grant lets grantee perform the actions on resource. If condition is not nil, the permission
// applies only to requests that meet it.
func grant(
	grantee awsiam.IGrantable, resource *string, condition *condition, actions ...string,
) awsiam.Grant {
	options := &awsiam.GrantOnPrincipalOptions{
		Grantee:      grantee,
		Actions:      jsii.Strings(actions...),
		ResourceArns: &[]*string{resource},
	}
	if condition != nil {
		options.Conditions = &map[string]*map[string]any{
			condition.operator: {condition.key: condition.value},
		}
	}
	return awsiam.Grant_AddToPrincipal(options)
}
