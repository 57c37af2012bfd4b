package eventpipeline

import (
	"bytes"
	"math"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/jsonschema"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/webhook"
)

func (v *validation) validateWebhooks(p EventPipelineProps) {
	v.require(p.Webhooks == nil || len(*p.Webhooks) > 0, "Webhooks",
		"must not be empty: omit it if there are no sources")
	v.require(*p.WebhooksThrottlingRateLimit > 0, "WebhooksThrottlingRateLimit",
		"must be greater than 0, got %s", formatNumber(*p.WebhooksThrottlingRateLimit))
	v.requireInteger("WebhooksThrottlingBurstLimit", *p.WebhooksThrottlingBurstLimit, 1,
		math.MaxInt32, "0 would reject all requests")
	names := map[string]bool{}
	for _, w := range valueOrZero(p.Webhooks) {
		if w == nil || w.source.Scheme == "" {
			v.addError("Webhooks", "must contain only sources that a function such as "+
				"GitHubWebhook returned")
			continue
		}
		v.validateWebhook(w)
		v.require(!names[w.source.Name], "Webhooks",
			"must not contain two sources with the name %q: they would have the same URL",
			w.source.Name)
		names[w.source.Name] = true
	}
}

func (v *validation) validateWebhook(w *WebhookSource) {
	name := w.source.Name
	if err := w.runtimeSource().Validate(); err != nil {
		for line := range strings.Lines(err.Error()) {
			v.addError("Webhooks", "source %q: %s", name, strings.TrimSuffix(line, "\n"))
		}
	}
	v.require(w.secret != nil, "Webhooks", "source %q: the secret is required", name)
	if w.MaxPayloadBytes != nil {
		v.requireInteger("Webhooks source "+name+": MaxPayloadBytes", *w.MaxPayloadBytes, 1, 2<<20,
			"Lambda accepts at most 6 MB, and JSON can double the size of the body")
	}
	v.require(w.AcceptPings == nil || w.source.Scheme == webhook.GitHub, "Webhooks",
		"source %q: AcceptPings must not be set: only GitHub sends pings", name)
	if w.hmac != nil && w.hmac.Tolerance != nil {
		v.requireSeconds("Webhooks source "+name+": Hmac.Tolerance", w.hmac.Tolerance, 1, 60*60,
			"an old request must not be accepted again")
	}
}

// requireSecretsInEnvironment rejects a secret in another account or region, which the API function
// could not read.
func (v *validation) requireSecretsInEnvironment(stack awscdk.Stack, p EventPipelineProps) {
	for _, w := range valueOrZero(p.Webhooks) {
		if w != nil && w.secret != nil {
			v.requireEnvironment(stack, "Webhooks", w.secret, w.secret.SecretArn(),
				"store the secret of source "+w.source.Name+" in that account and region")
		}
	}
}

// addWebhookSchemas adds the schemas of the sources to the schemas of the pipeline.
func (v *validation) addWebhookSchemas(
	p EventPipelineProps, schemas jsonschema.Bundle,
) jsonschema.Bundle {
	for _, w := range valueOrZero(p.Webhooks) {
		if w == nil || w.SchemaDirectory == nil {
			continue
		}
		for file, schema := range v.readSchemaFolder("Webhooks source "+w.source.Name+
			": SchemaDirectory", *w.SchemaDirectory) {
			other, taken := schemas[file]
			v.require(!taken || bytes.Equal(other, schema), "Webhooks",
				"source %q: SchemaDirectory must contain the same %s as the other schema folders",
				w.source.Name, file)
			if schemas == nil {
				schemas = jsonschema.Bundle{}
			}
			schemas[file] = schema
		}
	}
	return schemas
}
