package eventpipeline

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/webhook"
)

// webhookPath is the path of the route for webhooks.
const webhookPath = "/webhooks/{source}"

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

// webhookVariable returns the JSON text in which the API function finds the webhook sources. The
// text is the value of an environment variable.
func webhookVariable(p *eventPipeline) *string {
	var sources []any
	for _, w := range valueOrZero(p.props.Webhooks) {
		source := w.runtimeSource()
		source.SecretID = *w.secret.SecretArn()
		sources = append(sources, source)
	}
	// The text contains tokens. The CDK replaces them by references to the secrets.
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
		props.AlarmName = p.physicalName("refused-signatures-" + name)
		alarms = append(alarms, createAlarm(p, p, "RefusedSignaturesAlarm-"+name, props))
	}
	return alarms
}

// newWebhookGraphs creates a graph for each source. It shows the accepted requests, and the
// requests without a valid signature.
func newWebhookGraphs(p *eventPipeline) []awscloudwatch.IWidget {
	var graphs []awscloudwatch.IWidget
	for _, w := range valueOrZero(p.props.Webhooks) {
		name := w.source.Name
		graphs = append(graphs, graph("Webhooks of "+name,
			webhookMetric(p, name, contract.MetricAccepted),
			webhookMetric(p, name, contract.MetricRefusedSignatures)))
	}
	return graphs
}

// webhookMetric returns a metric of one source, with the sum over 5 minutes. CloudWatch extracts
// the metric from the API function's log lines.
func webhookMetric(p *eventPipeline, source, name string) awscloudwatch.IMetric {
	return awscloudwatch.NewMetric(&awscloudwatch.MetricProps{
		Namespace:  jsii.String(contract.MetricNamespace),
		MetricName: &name,
		DimensionsMap: &map[string]*string{
			contract.PipelineDimension: p.queue.QueueName(),
			contract.SourceDimension:   &source,
		},
		Statistic: jsii.String("Sum"),
	})
}

func (p *eventPipeline) WebhookUrl(source *string) *string {
	url := p.ApiUrl()
	if url == nil {
		return nil
	}
	return jsii.String(*url + "webhooks/" + *source)
}
