// Package function starts the Lambda functions. Each subfolder contains the package of one
// function.
package function

import (
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/awsconfig"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/logging"
)

// NewLogger returns a logger that writes to stdout. The environment variable LOG_LEVEL sets the
// level.
func NewLogger() *slog.Logger { return logging.New(os.Stdout, os.Getenv(contract.LogLevel)) }

// Start creates a handler with newHandler, and handles Lambda invocations until Lambda ends the
// process. The retries and time limits of the handler's AWS clients come from the parameter calls.
func Start[H lambda.Handler](
	log *slog.Logger, calls awsconfig.Calls,
	newHandler func(aws.Config, *contract.Reader, *slog.Logger) (H, error),
) {
	tuneMemory()
	cfg, err := awsconfig.Load(calls)
	var handler H
	if err == nil {
		handler, err = newHandler(cfg, contract.NewReader(os.Getenv), log)
	}
	if err != nil {
		log.Error("start", slog.Any(contract.FieldError, err))
		os.Exit(1)
	}
	lambda.Start(handler)
}
