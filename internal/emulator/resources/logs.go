package resources

import "github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/logs"

type logGroupProperties struct {
	LogGroupName, KmsKeyId string
	RetentionInDays        *number
}

func createLogGroup(c *creation, in logGroupProperties) (values, error) {
	if err := checkLimits(limit{"RetentionInDays", in.RetentionInDays, 1, 3653}); err != nil {
		return values{}, err
	}
	name := c.name(in.LogGroupName, 512)
	c.Logs.CreateGroup(logs.Group{
		Name: name, RetentionDays: in.RetentionInDays.int(), KMSKey: in.KmsKeyId,
	})
	arn := c.arn(logs.Name, "log-group:"+name)
	c.checkKeyLater("logs."+c.Region+".amazonaws.com", in.KmsKeyId, arn, "aws:logs:arn")
	return newValues(name, "Arn", arn+":*"), nil
}
