package eventpipeline

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
)

// allowVpc lets Lambda make the network interfaces by which the functions are in a VPC, as its documentation asks for: on
// all resources, and in the role's name. What the function's own code asks for carries lambda:SourceFunctionArn, and is
// not allowed. CDK adds its managed policy, which allows the code, too, to no role that it is given.
func allowVpc(p *eventPipeline, role awsiam.IRole) {
	if p.props.Vpc == nil {
		return
	}
	everything := "*"
	allowIf(role, &everything, &condition{"Null", "lambda:SourceFunctionArn", "true"},
		"ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:DeleteNetworkInterface",
		"ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses")
}

// selectSubnets gives as an error what CDK panics about: a selection that finds nothing.
func selectSubnets(vpc awsec2.IVpc, selection *awsec2.SubnetSelection) (selected *awsec2.SelectedSubnets, err error) {
	defer func() {
		if thrown := recover(); thrown != nil {
			err = fmt.Errorf("%v", thrown)
		}
	}()
	return vpc.SelectSubnets(selection), nil
}
