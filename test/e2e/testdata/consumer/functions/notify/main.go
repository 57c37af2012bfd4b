// Command notify logs the notifications of processed events.
package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	lambda.Start(func(_ context.Context, e struct{ Detail struct{ EventID string } }) error {
		log.Info("event notified", "eventId", e.Detail.EventID)
		return nil
	})
}
