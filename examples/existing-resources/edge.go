package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// edge contains the API, the VPC of the functions, and the roles of the clients.
type edge struct {
	api            awsapigatewayv2.HttpApi
	vpc            awsec2.Vpc
	shop, analysts awsiam.Role
}

func newEdge(scope constructs.Construct) edge {
	vpc := awsec2.NewVpc(scope, jsii.String("Vpc"), &awsec2.VpcProps{
		MaxAzs: jsii.Number(2), NatGateways: jsii.Number(1),
	})
	// These endpoints are free. Without them, requests to S3 and DynamoDB would pass through the
	// NAT gateway, which charges for data.
	vpc.AddGatewayEndpoint(jsii.String("S3"), &awsec2.GatewayVpcEndpointOptions{
		Service: awsec2.GatewayVpcEndpointAwsService_S3(),
	})
	vpc.AddGatewayEndpoint(jsii.String("DynamoDB"), &awsec2.GatewayVpcEndpointOptions{
		Service: awsec2.GatewayVpcEndpointAwsService_DYNAMODB(),
	})
	return edge{
		api:      awsapigatewayv2.NewHttpApi(scope, jsii.String("Api"), nil),
		vpc:      vpc,
		shop:     newRole(scope, "Shop"),
		analysts: newRole(scope, "Analysts"),
	}
}

func newRole(scope constructs.Construct, id string) awsiam.Role {
	return awsiam.NewRole(scope, &id, &awsiam.RoleProps{
		AssumedBy: awsiam.NewServicePrincipal(jsii.String("ecs-tasks.amazonaws.com"), nil),
	})
}
