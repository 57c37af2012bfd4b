package deployment

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
)

// Template returns the template of a deployed stack.
func Template(ctx context.Context, cfg aws.Config, stack string) ([]byte, error) {
	client := cloudformation.NewFromConfig(cfg)
	out, err := client.GetTemplate(ctx, &cloudformation.GetTemplateInput{StackName: &stack})
	if err != nil {
		return nil, fmt.Errorf("get the template of stack %s: %w", stack, err)
	}
	return []byte(aws.ToString(out.TemplateBody)), nil
}
