package resources

type ssmParameterProperties struct{ Name, Type, Value string }

// createSSMParameter makes the value available to parameters of an SSM type and to dynamic
// references. A user's value for the name takes precedence. The emulator does not serve Systems
// Manager's API.
func createSSMParameter(c *creation, in ssmParameterProperties) (values, error) {
	c.reportNotRun(c.resource.Type, 1)
	name := c.name(in.Name, 2048)
	if _, passed := c.Engine.SSM[name]; !passed {
		c.Engine.SSM[name] = in.Value
	}
	return newValues(name, "Type", in.Type, "Value", in.Value), nil
}
