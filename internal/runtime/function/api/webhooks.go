package api

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/logging"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/secretsmanager"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/webhook"
)

// readSources decodes a JSON array of webhook sources and returns them by name. An empty text means
// that there are no sources.
func readSources(text string) (map[string]webhook.Source, error) {
	if text == "" {
		return nil, nil
	}
	var list []webhook.Source
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, fmt.Errorf("read environment variable %s: %w", contract.Webhooks, err)
	}
	sources := make(map[string]webhook.Source, len(list))
	for _, source := range list {
		if err := source.Validate(); err != nil {
			return nil, fmt.Errorf("read webhook source %q: %w", source.Name, err)
		}
		sources[source.Name] = source
	}
	return sources, nil
}

func newSecrets(cfg aws.Config, log *slog.Logger) *webhook.Secrets {
	return &webhook.Secrets{
		Reader: secretsmanager.NewReader(cfg),
		Now:    time.Now,
		OnError: func(id string, err error) {
			log.Warn(logging.SecretNotRenewed,
				slog.String("secret", id), slog.Any(contract.FieldError, err))
		},
	}
}
