// Package secretsmanager reads secrets from AWS Secrets Manager.
package secretsmanager

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/webhook"
)

// Staging labels of the versions of a secret.
const (
	current  = "AWSCURRENT"
	previous = "AWSPREVIOUS"
)

// Reader reads secrets.
type Reader struct{ client *secretsmanager.Client }

// NewReader returns a Reader that uses the AWS configuration.
func NewReader(cfg aws.Config) Reader { return Reader{secretsmanager.NewFromConfig(cfg)} }

// Read returns the current value of a secret, followed by the previous value if there is one. id is
// the name or the ARN of the secret.
//
// For a deleted secret, the error wraps webhook.ErrDeleted.
func (r Reader) Read(ctx context.Context, id string) ([]string, error) {
	type result struct {
		value string
		err   error
	}
	before := make(chan result, 1)
	go func() {
		value, err := r.readStage(ctx, id, previous)
		before <- result{value, err}
	}()
	var notFound *types.ResourceNotFoundException
	var markedForDeletion *types.InvalidRequestException
	now, err := r.readStage(ctx, id, current)
	switch {
	case errors.As(err, &notFound), errors.As(err, &markedForDeletion):
		return nil, fmt.Errorf("%w: %w", webhook.ErrDeleted, err)
	case err != nil:
		return nil, err
	}
	p := <-before
	switch {
	case errors.As(p.err, &notFound): // the secret has only one version
		return []string{now}, nil
	case p.err != nil:
		return nil, p.err
	}
	return []string{now, p.value}, nil
}

func (r Reader) readStage(ctx context.Context, id, stage string) (string, error) {
	out, err := r.client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{
		SecretId: &id, VersionStage: &stage,
	})
	if err != nil {
		return "", fmt.Errorf("read the secret's version %s: %w", stage, err)
	}
	if out.SecretString != nil {
		return *out.SecretString, nil
	}
	return string(out.SecretBinary), nil
}
