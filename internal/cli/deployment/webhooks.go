package deployment

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/webhook"
)

// WebhookSource represents a webhook source of a deployed pipeline.
type WebhookSource struct {
	webhook.Source
	URL     string // address for the sender; "" if the API's URL is unknown
	secrets *secretsmanager.Client
}

// WebhookSources returns the sources of the pipeline. It reads them from the environment of the API
// function.
func (p Pipeline) WebhookSources(ctx context.Context) ([]WebhookSource, error) {
	function, err := lambda.NewFromConfig(p.Config).GetFunctionConfiguration(ctx,
		&lambda.GetFunctionConfigurationInput{FunctionName: &p.APIFunction})
	if err != nil {
		return nil, fmt.Errorf("read the configuration of the API function: %w", err)
	}
	var sources []WebhookSource
	if function.Environment == nil || function.Environment.Variables[contract.Webhooks] == "" {
		return nil, nil
	}
	text := function.Environment.Variables[contract.Webhooks]
	if err := json.Unmarshal([]byte(text), &sources); err != nil {
		return nil, fmt.Errorf("read the webhook sources of %s: %w", p.APIFunction, err)
	}
	url, err := p.APIURL(ctx)
	client := secretsmanager.NewFromConfig(p.Config)
	for i := range sources {
		sources[i].secrets = client
		if err == nil {
			path := strings.ReplaceAll(contract.WebhookPath, "{source}", sources[i].Name)
			sources[i].URL = strings.TrimSuffix(url, "/") + path
		}
	}
	return sources, nil
}

// WebhookSource returns the source with the name.
func (p Pipeline) WebhookSource(ctx context.Context, name string) (WebhookSource, error) {
	sources, err := p.WebhookSources(ctx)
	if err != nil {
		return WebhookSource{}, err
	}
	i := slices.IndexFunc(sources, func(s WebhookSource) bool { return s.Name == name })
	if i >= 0 {
		return sources[i], nil
	}
	var names []string
	for _, s := range sources {
		names = append(names, s.Name)
	}
	if len(names) == 0 {
		return WebhookSource{}, &ChoiceError{"the pipeline has no webhook sources: " +
			"add some with the prop Webhooks"}
	}
	return WebhookSource{}, &ChoiceError{fmt.Sprintf(
		"there is no webhook source %s; choose one of: %s", name, strings.Join(names, ", "))}
}

// Secret returns the current value of the source's secret.
func (s WebhookSource) Secret(ctx context.Context) (string, error) {
	out, err := s.secrets.GetSecretValue(ctx,
		&secretsmanager.GetSecretValueInput{SecretId: &s.SecretID})
	if err != nil {
		return "", fmt.Errorf("read the secret of webhook source %s: %w", s.Name, err)
	}
	if out.SecretString != nil {
		return *out.SecretString, nil
	}
	return string(out.SecretBinary), nil
}

// Changed returns the time at which the source's secret was last changed. If the secret does not
// exist, it returns the zero time.
func (s WebhookSource) Changed(ctx context.Context) (time.Time, error) {
	out, err := s.secrets.DescribeSecret(ctx,
		&secretsmanager.DescribeSecretInput{SecretId: &s.SecretID})
	var missing *types.ResourceNotFoundException
	if errors.As(err, &missing) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("read the secret of webhook source %s: %w", s.Name, err)
	}
	if out.LastChangedDate != nil {
		return *out.LastChangedDate, nil
	}
	return aws.ToTime(out.CreatedDate), nil
}

// Rotate stores a new value of the source's secret. The current value becomes the previous one.
func (s WebhookSource) Rotate(ctx context.Context, value string) error {
	_, err := s.secrets.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
		SecretId: &s.SecretID, SecretString: &value,
	})
	if err != nil {
		return fmt.Errorf("store the secret of webhook source %s: %w", s.Name, err)
	}
	return nil
}

// SetSecret creates the source's secret with the value, or stores the value as a new version.
func (s WebhookSource) SetSecret(ctx context.Context, value string) error {
	err := s.Rotate(ctx, value)
	var missing *types.ResourceNotFoundException
	if !errors.As(err, &missing) {
		return err
	}
	name := s.SecretID
	if i := strings.LastIndex(name, ":secret:"); i >= 0 {
		name = name[i+len(":secret:"):]
	}
	_, err = s.secrets.CreateSecret(ctx, &secretsmanager.CreateSecretInput{
		Name: &name, SecretString: &value,
	})
	if err != nil {
		return fmt.Errorf("create the secret of webhook source %s: %w", s.Name, err)
	}
	return nil
}
