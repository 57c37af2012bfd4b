package resources

type ssmParameterProperties struct{ Name, Type, Value string }

// createSSMParameter makes the value available to templates: to parameters of an SSM type and to
// dynamic references. The emulator does not serve the API of Systems Manager. A value that the user
// passes for the name takes precedence.
func createSSMParameter(c *creation, in ssmParameterProperties) (values, error) {
	c.reportNotRun(c.resource.Type, 1)
	name := c.name(in.Name, 2048)
	if _, passed := c.Engine.SSM[name]; !passed {
		c.Engine.SSM[name] = in.Value
	}
	return created(name, "Type", in.Type, "Value", in.Value), nil
}
