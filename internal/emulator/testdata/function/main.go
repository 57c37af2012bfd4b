// Command function implements all functions of the test pipeline. The environment variable
// PIPELINE_ROLE selects one. The functions call the services with plain HTTP requests.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"

	"github.com/aws/aws-lambda-go/lambda"
)

var log = slog.New(slog.NewJSONHandler(os.Stdout, nil))

type event struct {
	EventID   string `json:"eventId"`
	EventType string `json:"eventType"`
}

func main() {
	switch os.Getenv("PIPELINE_ROLE") {
	case "api":
		lambda.Start(accept)
	case "authorizer":
		lambda.Start(authorize)
	default:
		lambda.Start(process)
	}
}

// authorize accepts requests whose header Authorization is "open sesame". The header x-name
// contains the user's name.
func authorize(_ context.Context, r struct{ Headers map[string]string }) (map[string]any, error) {
	return map[string]any{
		"isAuthorized": r.Headers["authorization"] == "open sesame",
		"context":      map[string]string{"sub": r.Headers["x-name"]},
	}, nil
}

type httpRequest struct {
	Body           string
	RequestContext struct{ Authorizer json.RawMessage }
}

type httpResponse struct {
	StatusCode int    `json:"statusCode"`
	Body       string `json:"body"`
}

func accept(_ context.Context, r httpRequest) (httpResponse, error) {
	var e event
	if err := json.Unmarshal([]byte(r.Body), &e); err != nil {
		return httpResponse{}, err
	}
	err := call("AmazonSQS.SendMessage", map[string]any{
		"QueueUrl": os.Getenv("QUEUE_URL"), "MessageBody": r.Body,
	})
	if err != nil {
		return httpResponse{}, err
	}
	log.Info("event accepted", "eventId", e.EventID, "eventType", e.EventType)
	if caller := r.RequestContext.Authorizer; caller != nil {
		return httpResponse{202, string(caller)}, nil
	}
	return httpResponse{202, os.Getenv("API_URL")}, nil
}

type batch struct {
	Records []struct {
		MessageID string `json:"messageId"`
		Body      string `json:"body"`
	}
}

type failure struct {
	ItemIdentifier string `json:"itemIdentifier"`
}

type failures struct {
	BatchItemFailures []failure `json:"batchItemFailures"`
}

// process writes each event to the bucket and publishes the event. Events of the type poison fail.
func process(_ context.Context, b batch) (failures, error) {
	failed := failures{[]failure{}}
	for _, r := range b.Records {
		if err := processOne(r.Body); err != nil {
			log.Error("event failed", "error", err.Error())
			failed.BatchItemFailures = append(failed.BatchItemFailures, failure{r.MessageID})
		}
	}
	return failed, nil
}

func processOne(body string) error {
	var e event
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		return err
	}
	if e.EventType == "poison" {
		return fmt.Errorf("event %s is poison", e.EventID)
	}
	object := os.Getenv("AWS_ENDPOINT_URL") + "/" + os.Getenv("BUCKET") + "/" + e.EventID
	put, err := http.NewRequest(http.MethodPut, object, strings.NewReader(body))
	if err != nil {
		return err
	}
	if err := do(put); err != nil {
		return err
	}
	err = call("AWSEvents.PutEvents", map[string]any{"Entries": []any{map[string]any{
		"Source": "test", "DetailType": "EventProcessed", "Detail": body,
		"EventBusName": os.Getenv("BUS"),
	}}})
	if err != nil {
		return err
	}
	log.Info("event processed", "eventId", e.EventID, "eventType", e.EventType)
	return nil
}

func call(target string, input any) error {
	body, err := json.Marshal(input)
	if err != nil {
		return err
	}
	endpoint := os.Getenv("AWS_ENDPOINT_URL")
	request, err := http.NewRequest(http.MethodPost, endpoint, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("X-Amz-Target", target)
	request.Header.Set("Content-Type", "application/x-amz-json-1.0")
	return do(request)
}

// do sends a request with a fake signature. The emulator reads only the signature's access key and
// service.
func do(request *http.Request) error {
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+
		os.Getenv("AWS_ACCESS_KEY_ID")+"/20261123/us-east-1/s3/aws4_request, "+
		"SignedHeaders=host, Signature=0")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: HTTP %d: %s",
			request.Method, request.URL, response.StatusCode, body)
	}
	return nil
}
