package eventpipeline

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/jsii-runtime-go"
)

// newDomainName is nil when the API has no name of its own.
func newDomainName(p *eventPipeline) awsapigatewayv2.DomainName {
	if p.props.DomainName == nil {
		return nil
	}
	return awsapigatewayv2.NewDomainName(p, jsii.String("DomainName"), &awsapigatewayv2.DomainNameProps{
		DomainName:     p.props.DomainName,
		Certificate:    p.props.DomainCertificate,
		SecurityPolicy: awsapigatewayv2.SecurityPolicy_TLS_1_2,
		Mtls:           p.props.MutualTls,
	})
}

// domainMapping has the domain lead to the stage.
func domainMapping(p *eventPipeline) *awsapigatewayv2.DomainMappingOptions {
	if p.domainName == nil {
		return nil
	}
	return &awsapigatewayv2.DomainMappingOptions{DomainName: p.domainName, MappingKey: p.props.DomainMappingKey}
}

func apiUrl(p *eventPipeline) *string {
	switch {
	case p.httpStage == nil: // the API is given
		if stage := p.httpApi.DefaultStage(); stage != nil {
			return stage.Url()
		}
		return nil
	case p.domainName == nil:
		return p.httpStage.Url()
	case p.props.DomainMappingKey == nil:
		return jsii.String("https://" + *p.domainName.Name() + "/")
	}
	return jsii.String("https://" + *p.domainName.Name() + "/" + *p.props.DomainMappingKey + "/")
}
