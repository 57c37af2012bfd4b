package resources

type versionProperties struct{ FunctionName string }

// createVersion returns a version that is the function itself: there is one deployment.
func createVersion(c *creation, in versionProperties) (values, error) {
	arn := c.functionARN(FunctionName(in.FunctionName)) + ":1"
	return created(arn, "Version", "1", "FunctionArn", arn), nil
}

type aliasProperties struct{ FunctionName, Name string }

// createAlias returns an alias of the function itself.
func createAlias(c *creation, in aliasProperties) (values, error) {
	arn := c.functionARN(FunctionName(in.FunctionName)) + ":" + in.Name
	return created(arn, "AliasArn", arn), nil
}
