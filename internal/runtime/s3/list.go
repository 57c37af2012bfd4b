package s3

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// afterSlash is the character that sorts directly after the slash. "<type>0" sorts after all keys
// that start with "<type>/", and before the keys of the next type.
const afterSlash = "0"

// Types returns up to a thousand event types in Bronze that sort after the given type.
func (b Bucket) Types(ctx context.Context, after string) ([]string, error) {
	input := &s3.ListObjectsV2Input{
		Bucket: &b.name, Prefix: aws.String(contract.BronzePrefix), Delimiter: aws.String("/"),
	}
	if after != "" {
		input.StartAfter = aws.String(contract.BronzePrefix + after + afterSlash)
	}
	page, err := b.client.ListObjectsV2(ctx, input)
	if err != nil {
		return nil, fmt.Errorf("list event types: %w", err)
	}
	types := make([]string, 0, len(page.CommonPrefixes))
	for _, p := range page.CommonPrefixes {
		eventType := strings.TrimPrefix(aws.ToString(p.Prefix), contract.BronzePrefix)
		types = append(types, strings.TrimSuffix(eventType, "/"))
	}
	return types, nil
}

// List returns up to a thousand objects whose keys start with prefix and sort after the given key.
func (b Bucket) List(ctx context.Context, prefix, after string) ([]pipeline.Object, error) {
	input := &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: &prefix}
	if after != "" {
		input.StartAfter = &after
	}
	page, err := b.client.ListObjectsV2(ctx, input)
	if err != nil {
		return nil, fmt.Errorf("list objects under %s: %w", prefix, err)
	}
	objects := make([]pipeline.Object, len(page.Contents))
	for i, o := range page.Contents {
		objects[i] = pipeline.Object{
			Key: aws.ToString(o.Key), LastModified: aws.ToTime(o.LastModified),
		}
	}
	return objects, nil
}
