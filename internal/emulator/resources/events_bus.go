package resources

type busProperties struct{ Name, KmsKeyIdentifier string }

func createBus(c *creation, in busProperties) (values, error) {
	name := c.name(in.Name, 256)
	if err := c.EventBridge.CreateBus(name); err != nil {
		return values{}, err
	}
	arn := c.EventBridge.BusARN(name)
	c.checkKeyLater("events.amazonaws.com", in.KmsKeyIdentifier, arn, "aws:events:event-bus:arn")
	return created(name, "Arn", arn, "Name", name), nil
}
