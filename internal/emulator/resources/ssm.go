package resources

type ssmParameterProperties struct{ Name, Type, Value string }

// createSSMParameter makes the value available to a template's parameters of an SSM type and
// dynamic references. The user's value for the name takes precedence. The emulator does not serve
// the API of Systems Manager.
func createSSMParameter(c *creation, in ssmParameterProperties) (values, error) {
	c.reportNotRun(c.resource.Type, 1)
	name := c.name(in.Name, 2048)
	if _, passed := c.Engine.SSM[name]; !passed {
		c.Engine.SSM[name] = in.Value
	}
	return created(name, "Type", in.Type, "Value", in.Value), nil
}
