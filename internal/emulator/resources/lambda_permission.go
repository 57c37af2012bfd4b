package resources

import (
	"encoding/json"
	"strings"
)

type permissionProperties struct{ Action, FunctionName, Principal, SourceArn, SourceAccount string }

// createPermission adds a statement to the policy of a function.
func createPermission(c *creation, in permissionProperties) (values, error) {
	arn := c.functionARN(FunctionName(in.FunctionName))
	conditions := map[string]map[string]string{}
	if in.SourceArn != "" {
		conditions["ArnLike"] = map[string]string{"aws:SourceArn": in.SourceArn}
	}
	if in.SourceAccount != "" {
		conditions["StringEquals"] = map[string]string{"aws:SourceAccount": in.SourceAccount}
	}
	kind := "AWS"
	if strings.HasSuffix(in.Principal, ".amazonaws.com") {
		kind = "Service"
	}
	policy, err := json.Marshal(map[string]any{"Statement": map[string]any{
		"Effect":    "Allow",
		"Principal": map[string]string{kind: in.Principal},
		"Action":    in.Action,
		"Resource":  arn,
		"Condition": conditions,
	}})
	if err != nil {
		return values{}, err
	}
	return created(c.suffix()), c.addResourcePolicy(arn, policy)
}
