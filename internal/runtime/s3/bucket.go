// Package s3 stores payloads and records in Amazon S3.
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

// Bucket implements the interfaces through which package pipeline reads and writes Bronze and
// Silver.
type Bucket struct {
	client *s3.Client
	name   string
}

// NewBucket returns the named bucket.
func NewBucket(cfg aws.Config, name string) Bucket {
	return Bucket{client: s3.NewFromConfig(cfg), name: name}
}

// Put stores an object. If the key already exists, Put stores nothing and returns
// pipeline.ErrExists.
func (b Bucket) Put(ctx context.Context, key string, body []byte) error {
	err := b.put(ctx, &s3.PutObjectInput{
		Key: &key, Body: bytes.NewReader(body), IfNoneMatch: aws.String("*"),
	})
	if hasCode(err, "PreconditionFailed") {
		return pipeline.ErrExists
	}
	return err
}

// Replace replaces an object. It returns pipeline.ErrChanged if the object no longer has the given
// version.
func (b Bucket) Replace(ctx context.Context, key string, body []byte, version string) error {
	err := b.put(ctx, &s3.PutObjectInput{
		Key: &key, Body: bytes.NewReader(body), IfMatch: &version,
	})
	if hasCode(err, "PreconditionFailed") || hasCode(err, "NoSuchKey") {
		return pipeline.ErrChanged
	}
	return err
}

// put sends the request. The SDK adds a checksum of the body. S3 verifies the checksum.
func (b Bucket) put(ctx context.Context, input *s3.PutObjectInput) error {
	input.Bucket, input.ContentType = &b.name, aws.String("application/json")
	if _, err := b.client.PutObject(ctx, input); err != nil {
		return fmt.Errorf("put object %s: %w", *input.Key, err)
	}
	return nil
}

func hasCode(err error, code string) bool {
	var apiErr smithy.APIError
	return errors.As(err, &apiErr) && apiErr.ErrorCode() == code
}

// Get returns an object, or pipeline.ErrNotFound.
func (b Bucket) Get(ctx context.Context, key string) ([]byte, error) {
	body, _, err := b.GetVersion(ctx, key)
	return body, err
}

// GetVersion returns an object and its ETag as version, or pipeline.ErrNotFound.
func (b Bucket) GetVersion(
	ctx context.Context, key string,
) (body []byte, version string, err error) {
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
