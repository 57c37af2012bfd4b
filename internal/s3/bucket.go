// Package s3 keeps payloads and records in Amazon S3.
package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/pipeline"
)

// Bucket is a pipeline.BronzeWriter, pipeline.BronzeReader and pipeline.SilverWriter.
type Bucket struct {
	client *s3.Client
	name   string
}

// NewBucket is the bucket of that name.
func NewBucket(cfg aws.Config, name string) Bucket {
	return Bucket{client: s3.NewFromConfig(cfg), name: name}
}

// Put stores body under key unless the key is taken. S3 verifies the SDK's checksum of what arrives.
func (b Bucket) Put(ctx context.Context, key string, body []byte) error {
	_, err := b.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket:      &b.name,
		Key:         &key,
		Body:        bytes.NewReader(body),
		ContentType: aws.String("application/json"),
		IfNoneMatch: aws.String("*"),
	})
	var failure smithy.APIError
	if errors.As(err, &failure) && failure.ErrorCode() == "PreconditionFailed" {
		return pipeline.ErrExists
	}
	if err != nil {
		return fmt.Errorf("put object %s: %w", key, err)
	}
	return nil
}

// Get returns the object under key.
func (b Bucket) Get(ctx context.Context, key string) ([]byte, error) {
	object, err := b.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: &key})
	var missing *types.NoSuchKey
	if errors.As(err, &missing) {
		return nil, pipeline.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("get object %s: %w", key, err)
	}
	defer object.Body.Close()
	body, err := io.ReadAll(object.Body)
	if err != nil {
		return nil, fmt.Errorf("read object %s: %w", key, err)
	}
	return body, nil
}
