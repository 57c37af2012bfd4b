package emulator

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/apigateway"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/lambda"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/resources"
)

// apiHandler returns a handler for an HTTP API, whose routes and authorizers invoke Lambda
// functions.
func (s *services) apiHandler(a *resources.API) (http.Handler, error) {
	a.Settings.Invoke, a.Settings.AccessLog = s.invokeForAPI, s.recordUnanswered
	a.Settings.WriteLog = s.accessLogs(a)
	if s.debug {
		a.Settings.OnExchange = s.recordRequest
	}
	return a.Handler()
}

func (s *services) invokeForAPI(
	ctx context.Context, function string, payload []byte,
) (apigateway.Result, error) {
	result, err := s.Lambda.Invoke(ctx, function, payload)
	if _, ok := errors.AsType[*lambda.TooLargeError](err); ok {
		return apigateway.Result{}, fmt.Errorf("%w: %w", apigateway.ErrTooLarge, err)
	}
	return apigateway.Result{Payload: result.Payload, FunctionError: result.FunctionError}, err
}
