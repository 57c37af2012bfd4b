package eventpipeline

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/webhook"
)

// WebhookSource defines a sender of webhooks. Create it with GitHubWebhook, StripeWebhook,
// SlackWebhook, ShopifyWebhook, StandardWebhook or HmacWebhook, then set its fields.
//
// The sender posts to /webhooks/<name>. The name must be unique in the pipeline, begin with a
// lower-case letter and contain only lower-case letters, digits and hyphens.
//
// The API function verifies the signature of each request with the secret's current value or its
// previous value. The request becomes an event. A repeated delivery creates no second event.
//
// The event's type is TypePrefix, a period and the sender's name for the type. For example,
// GitHub's push becomes github.push.
type WebhookSource struct {
	// TypePrefix is the first part of the event types, such as github in github.push. "" means no
	// prefix. Default: the name of the source.
	TypePrefix *string
	// Headers lists names of request headers. The pipeline keeps these headers with the event: in
	// its item, its message and its records. A processor gets them in Event.Webhook. Default: none.
	Headers *[]*string
	// MaxPayloadBytes limits the size of the source's requests. The maximum is 2 MiB.
	// Default: the pipeline's MaxPayloadBytes.
	MaxPayloadBytes *float64
	// SchemaDirectory names a folder with JSON Schemas for the source's events, in the files
	// <eventType>.json, such as github.push.json. It works like the pipeline's SchemaDirectory. An
	// event that violates its schema gets 422, and the sender shows a failed delivery. Default: no
	// schemas.
	SchemaDirectory *string
	// AcceptForms accepts bodies that are HTML forms. Bronze stores the form, and the payload of a
	// record is an object with the form's fields. Default: true for Slack, else false.
	AcceptForms *bool
	// AcceptPings stores GitHub's ping as an event. GitHub sends the ping when a webhook is
	// created. If AcceptPings is false, the API verifies and answers the ping, but does not store
	// it. Default: false.
	AcceptPings *bool

	source webhook.Source // without the options above
	secret awssecretsmanager.ISecret
	hmac   *HmacOptions
}

func newWebhookSource(
	scheme webhook.Scheme, name string, secret awssecretsmanager.ISecret,
) *WebhookSource {
	return &WebhookSource{
		source: webhook.Source{Name: name, Scheme: scheme}, secret: secret,
	}
}

// GitHubWebhook returns a source for the webhooks of repositories, organizations and GitHub Apps.
// The secret is the text in the field Secret of the webhook's settings. The event's type contains
// the value of the header X-GitHub-Event. The header X-GitHub-Delivery identifies a delivery.
func GitHubWebhook(name string, secret awssecretsmanager.ISecret) *WebhookSource {
	return newWebhookSource(webhook.GitHub, name, secret)
}

// StripeWebhook returns a source for Stripe's events. The secret is the endpoint's signing secret,
// which begins with whsec_. The event's type contains the body's field "type". The body's field
// "id" identifies a delivery.
func StripeWebhook(name string, secret awssecretsmanager.ISecret) *WebhookSource {
	return newWebhookSource(webhook.Stripe, name, secret)
}

// SlackWebhook returns a source for the Events API, interactions and slash commands of a Slack app.
// The secret is the app's signing secret. The API function answers Slack's url_verification
// requests.
func SlackWebhook(name string, secret awssecretsmanager.ISecret) *WebhookSource {
	return newWebhookSource(webhook.Slack, name, secret)
}

// ShopifyWebhook returns a source for Shopify's webhooks. The secret is the app's client secret, or
// the secret in the shop's notification settings. The event's type contains the topic, with periods
// in place of slashes.
func ShopifyWebhook(name string, secret awssecretsmanager.ISecret) *WebhookSource {
	return newWebhookSource(webhook.Shopify, name, secret)
}

// StandardWebhook returns a source for senders that follow Standard Webhooks or use Svix. The
// secret begins with whsec_. The event's type contains the body's field "type". The header
// webhook-id identifies a delivery.
func StandardWebhook(name string, secret awssecretsmanager.ISecret) *WebhookSource {
	return newWebhookSource(webhook.Standard, name, secret)
}

// HmacOptions define how a sender signs requests with an HMAC. They also define where a request
// contains the event's type and the delivery's id. The names of headers are not case-sensitive.
type HmacOptions struct {
	// Header is the name of the header that contains the signature. Required.
	Header string
	// Algorithm is sha1, sha256 or sha512. Default: sha256.
	Algorithm string
	// Encoding is hex, base64 or base64url (without padding). Default: hex.
	Encoding string
	// Prefix precedes the encoded signature in the header, such as "sha256=". Default: none.
	Prefix string
	// TimestampHeader is the name of the header that contains the time of the request, in seconds
	// or milliseconds since 1970. The API rejects a request whose time differs by more than
	// Tolerance from the current time. Default: no timestamp.
	TimestampHeader string
	// SignedContent is the signed text, with the placeholders {timestamp}, {id} and {body}. {id} is
	// the value of the header that DeliveryIdHeader names. Default: "{body}".
	SignedContent string
	// Tolerance limits the difference between the timestamp and the current time. The maximum is an
	// hour. Default: 5 minutes.
	Tolerance awscdk.Duration
	// EventType is the type of all events. Set exactly one of EventType, EventTypeHeader and
	// EventTypePointer.
	EventType string
	// EventTypeHeader is the name of the header that contains the event's type.
	EventTypeHeader string
	// EventTypePointer is a JSON pointer to the event's type in the body, such as /event/type. If a
	// field is a string that contains JSON, the pointer can continue inside this JSON.
	EventTypePointer string
	// DeliveryIdHeader is the name of the header that contains the id of a delivery. A repeated
	// request must have the same id, so that it creates no second event. Set exactly one of
	// DeliveryIdHeader and DeliveryIdPointer.
	DeliveryIdHeader string
	// DeliveryIdPointer is a JSON pointer to the id of the delivery in the body.
	DeliveryIdPointer string
}

// HmacWebhook returns a source for a sender that signs requests with an HMAC. Use it if no other
// function supports the sender.
func HmacWebhook(
	name string, secret awssecretsmanager.ISecret, options HmacOptions,
) *WebhookSource {
	w := newWebhookSource(webhook.Generic, name, secret)
	w.hmac = &options
	return w
}

// Construct ids of the route for webhooks.
const (
	webhookRouteID       = "WebhookRoute"             // below the pipeline, for an existing API
	webhookRouteOfNewAPI = "POST--webhooks--{source}" // below the API; the CDK derives this id
)

// runtimeSource returns the source as the API function reads it.
func (w *WebhookSource) runtimeSource() webhook.Source {
	s := w.source
	s.Prefix = s.Name
	if w.TypePrefix != nil {
		s.Prefix = *w.TypePrefix
	}
	for _, header := range valueOrZero(w.Headers) {
		s.Headers = append(s.Headers, strings.ToLower(valueOrZero(header)))
	}
	s.MaxBytes = int(valueOrZero(w.MaxPayloadBytes))
	s.Forms = s.Scheme == webhook.Slack
	if w.AcceptForms != nil {
		s.Forms = *w.AcceptForms
	}
	s.Pings = valueOrZero(w.AcceptPings)
	if w.hmac != nil {
		s.HMAC = w.hmac.runtimeHMAC()
	}
	return s
}

func (o HmacOptions) runtimeHMAC() *webhook.HMAC {
	h := &webhook.HMAC{
		Header:            strings.ToLower(o.Header),
		Algorithm:         webhook.Algorithm(o.Algorithm),
		Encoding:          webhook.Encoding(o.Encoding),
		Prefix:            o.Prefix,
		TimestampHeader:   strings.ToLower(o.TimestampHeader),
		SignedContent:     o.SignedContent,
		EventType:         o.EventType,
		EventTypeHeader:   strings.ToLower(o.EventTypeHeader),
		EventTypePointer:  o.EventTypePointer,
		DeliveryIDHeader:  strings.ToLower(o.DeliveryIdHeader),
		DeliveryIDPointer: o.DeliveryIdPointer,
	}
	if o.Tolerance != nil {
		h.Tolerance = int(inSeconds(o.Tolerance))
	}
	return h
}

// webhookVariable returns the webhook sources as JSON, for an environment variable of the API
// function.
func webhookVariable(p *eventPipeline) *string {
	var sources []any
	for _, w := range valueOrZero(p.props.Webhooks) {
		source := w.runtimeSource()
		source.SecretID = *w.secret.SecretArn()
		sources = append(sources, source)
	}
	// The text contains tokens, which the CDK replaces by references to the secrets.
	return jsii.String(formatJSON(sources))
}

// allowSecrets lets the API function read the secrets of the sources.
func allowSecrets(p *eventPipeline, role awsiam.IRole) {
	for _, w := range valueOrZero(p.props.Webhooks) {
		arn := w.secret.SecretFullArn()
		if arn == nil { // imported by name: in the ARN, a hyphen and six characters follow the name
			arn = jsii.String(*w.secret.SecretArn() + "-??????")
		}
		allow(role, arn, "secretsmanager:GetSecretValue")
		allowKey(p, role, w.secret.EncryptionKey(), "secretsmanager", "kms:Decrypt")
	}
}

// newWebhookAlarms creates an alarm for each source. The alarm fires if requests have no valid
// signature.
func newWebhookAlarms(p *eventPipeline) []awscloudwatch.Alarm {
	var alarms []awscloudwatch.Alarm
	for _, w := range valueOrZero(p.props.Webhooks) {
		name := w.source.Name
		refused := webhookMetric(p, name, contract.MetricRefusedSignatures)
		props := thresholdAlarm(refused, *p.props.AlarmThresholds.RefusedSignatures,
			"Webhooks of "+name+" have no valid signature: the sender uses another secret.")
		alarms = append(alarms, createAlarm(p, p, "RefusedSignaturesAlarm-"+name,
			"refused-signatures-"+name, props))
	}
	return alarms
}

// newWebhookGraphs creates a graph for each source. The graph shows the accepted requests, and the
// requests without a valid signature.
func newWebhookGraphs(p *eventPipeline) []awscloudwatch.IWidget {
	var graphs []awscloudwatch.IWidget
	for _, w := range valueOrZero(p.props.Webhooks) {
		name := w.source.Name
		graphs = append(graphs, newGraph("Webhooks of "+name,
			webhookMetric(p, name, contract.MetricAccepted),
			webhookMetric(p, name, contract.MetricRefusedSignatures)))
	}
	return graphs
}

// webhookMetric returns a metric of one source, which CloudWatch extracts from the API function's
// log lines.
func webhookMetric(p *eventPipeline, source, name string) awscloudwatch.IMetric {
	return logMetric(name, map[string]*string{
		contract.PipelineDimension: p.queue.QueueName(),
		contract.SourceDimension:   &source,
	})
}

func (p *eventPipeline) WebhookUrl(source *string) *string {
	url := p.ApiUrl()
	if url == nil {
		return nil
	}
	return jsii.String(*url + "webhooks/" + *source)
}

func (p *eventPipeline) RefusedSignaturesAlarm(source *string) awscloudwatch.Alarm {
	for i, w := range valueOrZero(p.props.Webhooks) {
		if w.source.Name == valueOrZero(source) {
			return p.alarms.refusedSignatures[i]
		}
	}
	if p.validation.failed() { // placeholderProps omits Webhooks, but the app can use the alarm
		return p.alarms.failedEvents
	}
	return nil
}
