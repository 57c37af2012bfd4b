package resources

type logGroupProperties struct{ LogGroupName, KmsKeyId string }

// createLogGroup creates nothing. It returns the values of a log group, because policies refer to
// its ARN. The emulator writes the lines that functions print to the activity log.
func createLogGroup(c *creation, in logGroupProperties) (values, error) {
	c.reportNotRun(c.resource.Type, 1)
	name := c.name(in.LogGroupName, 512)
	arn := c.arn("logs", "log-group:"+name)
	c.checkKeyLater("logs."+c.Region+".amazonaws.com", in.KmsKeyId, arn, "aws:logs:arn")
	return created(name, "Arn", arn+":*"), nil
}
