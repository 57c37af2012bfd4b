package handler

import (
	"context"
	"errors"
	"log/slog"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/webhook"
)

// webhook handles a request of a webhook source. The route has no authorizer. The function
// therefore checks the size and the signature before it parses the body.
func (a API) webhook(ctx context.Context, req request, name string) response {
	start := time.Now()
	source, known := a.Webhooks[name]
	if !known {
		return a.reject(ctx, req,
			pipeline.Errorf(pipeline.NotFound, "The API has no webhook source of this name."))
	}
	if source.MaxBytes > 0 {
		a.Ingest.MaxPayloadBytes = source.MaxBytes
	}
	body, err := req.body()
	if err == nil {
		err = a.Ingest.CheckSize(body)
	}
	if err != nil {
		return a.rejectWebhook(ctx, req, source, err)
	}
	if source.IsSSLCheck(body) {
		return emptyResponse()
	}
	if err := a.verify(ctx, source, req.Headers, body); err != nil {
		return a.rejectSignature(ctx, req, source, err)
	}
	if source.IsPing(req.Headers) {
		return jsonResponse(http.StatusOK, map[string]string{"status": "ok"})
	}
	decoded, err := decodeWebhook(source, req.Headers, body)
	if err != nil {
		return a.rejectWebhook(ctx, req, source, err)
	}
	if decoded.isChallenge {
		return jsonResponse(http.StatusOK, map[string]string{"challenge": decoded.challenge})
	}
	accepted, err := a.Ingest.Accept(ctx, pipeline.Request{
		Body: body, Caller: pipeline.WebhookCaller(name), Webhook: &decoded.WebhookRequest,
	})
	if err != nil {
		return a.rejectWebhook(ctx, req, source, err,
			slog.String(contract.FieldEventID, accepted.Event.ID))
	}
	a.logAccepted(ctx, accepted, time.Since(start))
	return webhookResponse(source.Scheme, accepted)
}

// verify checks the signature. It returns a *webhook.Rejection for an invalid request. After
// webhook.ErrMismatch or webhook.ErrUnusable, verify reads the secret again. If the secret has
// changed, verify repeats the check.
func (a API) verify(
	ctx context.Context, source webhook.Source, headers map[string]string, body []byte,
) error {
	now := a.Ingest.Now()
	if err := source.CheckHeaders(headers, now); err != nil {
		return err
	}
	secret, err := a.Secrets.Get(ctx, source.SecretID)
	if err != nil {
		return err
	}
	err = source.Verify(headers, body, secret.Values, now)
	if !errors.Is(err, webhook.ErrMismatch) && !errors.Is(err, webhook.ErrUnusable) {
		return err
	}
	renewed, changed := a.Secrets.Renew(ctx, secret)
	if !changed {
		return err
	}
	return source.Verify(headers, body, renewed.Values, now)
}

// rejectSignature rejects a request:
//
//   - If the signature is not valid, it counts the request in a metric.
//   - If the secret could not be read or used, it returns a 503. The sender then repeats the
//     request.
func (a API) rejectSignature(
	ctx context.Context, req request, source webhook.Source, err error,
) response {
	var rejection *webhook.Rejection
	if !errors.As(err, &rejection) {
		return a.rejectWebhook(ctx, req, source, err)
	}
	set := pipelineMetrics(a.QueueName, slog.Int(contract.MetricRefusedSignatures, 1))
	set.source = source.Name
	a.Log = atAnyLevel(a.Log)
	return a.reject(ctx, req, pipeline.Errorf(pipeline.InvalidSignature, "%s", rejection),
		metricAttrs(set)...)
}

// Media types of webhooks.
const (
	jsonMedia     = "application/json"
	acceptedMedia = jsonMedia + ", " + pipeline.FormContentType
)

// webhookRequest represents a request whose signature is valid.
type webhookRequest struct {
	pipeline.WebhookRequest
	challenge   string // of Slack's url_verification
	isChallenge bool   // the request is not an event
}

func decodeWebhook(
	source webhook.Source, headers map[string]string, body []byte,
) (webhookRequest, error) {
	if coding := headers["content-encoding"]; coding != "" && coding != "identity" {
		return webhookRequest{}, pipeline.Errorf(pipeline.UnsupportedCoding,
			"A webhook's body must have no Content-Encoding.")
	}
	media, err := mediaType(source, headers)
	if err != nil {
		return webhookRequest{}, err
	}
	w := pipeline.Webhook{
		Source: source.Name, ContentType: media, Headers: source.KeptHeaders(headers),
	}
	payload, err := w.JSON(body)
	if err != nil {
		return webhookRequest{}, err
	}
	indexed := webhook.NewPayload(payload)
	typeHeader, typePointer := source.TypeField()
	decoded := webhookRequest{WebhookRequest: pipeline.WebhookRequest{
		Webhook: w, Payload: payload, TypeHeader: typeHeader, TypePointer: typePointer,
		Type:        source.EventType(headers, indexed),
		DeliveryKey: source.DeliveryKey(headers, indexed),
	}}
	decoded.challenge, decoded.isChallenge = source.Challenge(indexed)
	return decoded, nil
}

// mediaType returns the media type of a webhook. Without a Content-Type, the body must be JSON.
func mediaType(source webhook.Source, headers map[string]string) (string, error) {
	value, present := headers["content-type"]
	if !present {
		return jsonMedia, nil
	}
	media, parameters, err := mime.ParseMediaType(value)
	charset, hasCharset := parameters["charset"]
	isJSON := media == jsonMedia || strings.HasSuffix(media, "+json")
	isForm := media == pipeline.FormContentType
	switch {
	case err != nil, !isJSON && !isForm, hasCharset && !strings.EqualFold(charset, "utf-8"):
		return "", pipeline.Errorf(pipeline.UnsupportedType,
			"A webhook's body must be JSON or a form, in UTF-8.")
	case isForm && !source.Forms:
		return "", pipeline.Errorf(pipeline.UnsupportedType,
			"The source does not accept forms. Let the sender send JSON.")
	}
	return media, nil
}

// rejectWebhook rejects a request, and logs the source.
func (a API) rejectWebhook(
	ctx context.Context, req request, source webhook.Source, err error, attrs ...slog.Attr,
) response {
	attrs = append(attrs, slog.String(contract.SourceDimension, source.Name))
	resp := a.reject(ctx, req, err, attrs...)
	if resp.StatusCode == http.StatusUnsupportedMediaType {
		resp.Headers["accept"], resp.Headers["accept-encoding"] = jsonMedia, "identity"
		if source.Forms {
			resp.Headers["accept"] = acceptedMedia
		}
	}
	return resp
}

// webhookResponse returns the response that the sender expects:
//
//   - Slack and Shopify accept only the status 200.
//   - A response to Slack has no body, because Slack shows the body to the user of a slash command.
func webhookResponse(scheme webhook.Scheme, accepted pipeline.Accepted) response {
	resp := jsonResponse(http.StatusAccepted, acceptedBody{"accepted", accepted.Event.ID})
	switch scheme {
	case webhook.Slack:
		resp = emptyResponse()
	case webhook.Shopify:
		resp.StatusCode = http.StatusOK
	}
	if accepted.Duplicate {
		resp.Headers[contract.IdempotencyReplayedHeader] = "true"
	}
	return resp
}

func emptyResponse() response {
	return response{StatusCode: http.StatusOK, Headers: map[string]string{}}
}
