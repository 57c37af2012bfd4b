package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"github.com/event-driven-cloud-platform/eventpipeline/client"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/webhook"
)

// webhookDelivery is a request to a webhook source.
type webhookDelivery struct {
	source  deployment.WebhookSource
	headers map[string]string
	body    []byte
}

// webhookResponse holds the response to a webhookDelivery, in the format of --json.
type webhookResponse struct {
	Status    int             `json:"status"`
	EventID   string          `json:"eventId,omitempty"`
	Duplicate bool            `json:"duplicate,omitempty"`
	Problem   *client.Problem `json:"problem,omitempty"`
}

func (a webhookResponse) accepted() bool { return a.Status/100 == 2 }

// newWebhookDelivery returns a request with the signature of the source's sender.
func newWebhookDelivery(
	ctx context.Context, source deployment.WebhookSource, eventType, id string, body []byte,
) (webhookDelivery, error) {
	secret, err := source.Secret(ctx)
	if err != nil {
		return webhookDelivery{}, err
	}
	headers, err := source.Sign(secret, webhook.Delivery{
		Type: eventType, ID: id, At: time.Now(), Body: body,
	})
	if err != nil {
		return webhookDelivery{}, fmt.Errorf("sign the request: %w", err)
	}
	headers["content-type"] = "application/json"
	if isForm(body) {
		headers["content-type"] = pipeline.FormContentType
	}
	if source.Scheme == webhook.Shopify {
		headers["x-shopify-event-id"] = id
	}
	return webhookDelivery{source, headers, body}, nil
}

// isForm reports whether the body is a form. A body that begins with a brace or a bracket is JSON,
// even if it is invalid. The API then reports the fault.
func isForm(body []byte) bool {
	kind := jsontext.Value(body).Kind()
	return len(body) > 0 && kind != jsontext.KindBeginObject && kind != jsontext.KindBeginArray
}

func newDeliveryID() string { return uuid.NewString() }

// send posts the request and reads the response.
func (d webhookDelivery) send(ctx context.Context) (webhookResponse, error) {
	if d.source.URL == "" {
		return webhookResponse{}, errors.New("the URL of the API is unknown: the stack has no " +
			"output ApiUrl and no API of the pipeline; add the output ApiUrl")
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, d.source.URL,
		bytes.NewReader(d.body))
	if err != nil {
		return webhookResponse{}, err
	}
	for name, value := range d.headers {
		request.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(request)
	if err != nil {
		return webhookResponse{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return webhookResponse{}, fmt.Errorf("read the response: %w", err)
	}
	response := webhookResponse{
		Status:    resp.StatusCode,
		Duplicate: resp.Header.Get(contract.IdempotencyReplayedHeader) == "true",
	}
	if !response.accepted() {
		response.Problem = &client.Problem{Status: resp.StatusCode}
		_ = json.Unmarshal(body, response.Problem) // fails if API Gateway itself gave the response
		return response, nil
	}
	response.EventID, err = d.eventID()
	return response, err
}

// eventID returns the id of the request's event. It returns "" if the request creates no event: for
// a challenge, or for a ping without AcceptPings.
func (d webhookDelivery) eventID() (string, error) {
	payload, err := d.payload()
	if err != nil {
		return "", err
	}
	_, isChallenge := d.source.Challenge(payload)
	if isChallenge || d.source.IsPing(d.headers) {
		return "", nil
	}
	key := d.source.DeliveryKey(d.headers, payload)
	return pipeline.WebhookEventID(d.source.Name, key), nil
}

// payload returns the body as the API function decodes it.
func (d webhookDelivery) payload() (webhook.Payload, error) {
	w := pipeline.Webhook{ContentType: d.headers["content-type"]}
	text, err := w.JSON(d.body)
	return webhook.NewPayload(text), err
}
