package resources

type logGroupProperties struct{ LogGroupName, KmsKeyId string }

// createLogGroup creates nothing: the recorded activity has what functions print. Policies name its
// ARN.
func createLogGroup(c *creation, in logGroupProperties) (values, error) {
	c.reportNotRun(c.resource.Type, 1)
	name := c.name(in.LogGroupName, 512)
	arn := c.arn("logs", "log-group:"+name)
	c.checkKeyLater("logs."+c.Region+".amazonaws.com", in.KmsKeyId, arn, "aws:logs:arn")
	return created(name, "Arn", arn+":*"), nil
}
