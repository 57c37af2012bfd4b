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

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// Bucket is each of the pipeline's ports to Bronze and Silver.
type Bucket struct {
	client *s3.Client
	name   string
}

// NewBucket is the bucket of that name.
func NewBucket(cfg aws.Config, name string) Bucket {
	return Bucket{client: s3.NewFromConfig(cfg), name: name}
}

// Put stores body under key unless the key is taken.
func (b Bucket) Put(ctx context.Context, key string, body []byte) error {
	err := b.put(ctx, &s3.PutObjectInput{Key: &key, Body: bytes.NewReader(body), IfNoneMatch: aws.String("*")})
	if isCode(err, "PreconditionFailed") {
		return pipeline.ErrExists
	}
	return err
}

// Replace stores body under key in place of that version.
func (b Bucket) Replace(ctx context.Context, key string, body []byte, version string) error {
	err := b.put(ctx, &s3.PutObjectInput{Key: &key, Body: bytes.NewReader(body), IfMatch: &version})
	if isCode(err, "PreconditionFailed") || isCode(err, "NoSuchKey") {
		return pipeline.ErrChanged
	}
	return err
}

// put sends the request. S3 verifies the SDK's checksum of what arrives.
func (b Bucket) put(ctx context.Context, input *s3.PutObjectInput) error {
	input.Bucket, input.ContentType = &b.name, aws.String("application/json")
	if _, err := b.client.PutObject(ctx, input); err != nil {
		return fmt.Errorf("put object %s: %w", *input.Key, err)
	}
	return nil
}

func isCode(err error, code string) bool {
	var failure smithy.APIError
	return errors.As(err, &failure) && failure.ErrorCode() == code
}

// Get returns the object under key.
func (b Bucket) Get(ctx context.Context, key string) ([]byte, error) {
	body, _, err := b.GetVersion(ctx, key)
	return body, err
}

// GetVersion returns the object under key and its ETag.
func (b Bucket) GetVersion(ctx context.Context, key string) (body []byte, version string, err error) {
	object, err := b.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: &key})
	var missing *types.NoSuchKey
	if errors.As(err, &missing) {
		return nil, "", pipeline.ErrNotFound
	}
	if err != nil {
		return nil, "", fmt.Errorf("get object %s: %w", key, err)
	}
	defer object.Body.Close()
	body, err = io.ReadAll(object.Body)
	if err != nil {
		return nil, "", fmt.Errorf("read object %s: %w", key, err)
	}
	return body, aws.ToString(object.ETag), nil
}
