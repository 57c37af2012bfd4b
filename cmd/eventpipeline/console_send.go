package main

import (
	"context"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/credentials"
	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/event-driven-cloud-platform/eventpipeline/client"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator"
)

// sendFromConsole posts an event or a JSON array of events to the pipeline's API. It returns the id
// of the event. For an array, it returns the ids of the batches that the API created.
func sendFromConsole(ctx context.Context, p deployment.Pipeline, body []byte) ([]string, error) {
	address, err := p.APIURL(ctx)
	if err != nil {
		return nil, err
	}
	o := client.Options{MaxAttempts: 2}
	authorize(&o, p)
	c, err := client.New(address, o)
	if err != nil {
		return nil, err
	}
	if jsontext.Value(body).Kind() != jsontext.KindBeginArray {
		accepted, err := c.Send(ctx, body)
		return []string{accepted.EventID}, err
	}
	var events []jsontext.Value
	if err := jsonv2.Unmarshal(body, &events); err != nil {
		return nil, fmt.Errorf("read the list of events: %w", err)
	}
	list := make([][]byte, len(events))
	for i, event := range events {
		list[i] = event
	}
	accepted, err := c.SendBatch(ctx, list)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, batch := range accepted.Batches {
		ids = append(ids, batch.BatchID)
	}
	return ids, nil
}

func authorize(o *client.Options, p deployment.Pipeline) {
	if token := os.Getenv(tokenVariable); token != "" {
		o.Token = func(context.Context) (string, error) { return token, nil }
		return
	}
	o.Credentials, o.Region = p.Config.Credentials, p.Region
	if p.Config.BaseEndpoint != nil { // the local platform
		o.Credentials = credentials.NewStaticCredentialsProvider(
			emulator.LocalKey, emulator.LocalKey, "")
	}
}
