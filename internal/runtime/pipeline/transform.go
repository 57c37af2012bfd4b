package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
)

// Transform returns the processor's output for an event, or the unchanged payload if processor is
// nil. It returns when ctx ends, even if the processor does not return.
//
// The code of an error is UnprocessableJSON, UnprocessableNumber, InvalidOutput, ProcessorError or
// that of a rejection.
func Transform(
	ctx context.Context, processor Processor, event Event, attempt int, payload []byte,
) (Output, error) {
	payload, err := event.Webhook.JSON(payload)
	if err != nil {
		return Output{}, wrapError(UnprocessableJSON, "The payload is not an acceptable form", err)
	}
	if err := checkProcessable(payload); err != nil {
		return Output{}, err
	}
	if processor == nil {
		return Output{Payloads: []json.RawMessage{payload}}, nil
	}
	output, err := runProcessor(ctx, processor, event, attempt, payload)
	if err != nil {
		return Output{}, err
	}
	return output.validate()
}

// checkProcessable returns an error if a raw payload can't become a record. Its errors are
// permanent, because every retry has the same payload.
func checkProcessable(payload []byte) error {
	scan, err := scanObject(payload, nil)
	if err != nil {
		return wrapError(UnprocessableJSON, "The payload is not acceptable JSON", err)
	}
	// Readers of Silver (Athena, Spark, JavaScript) use float64 and fail on numbers beyond its
	// range. Ingest rejects such numbers, but older versions accepted them.
	if scan.overflow != nil {
		return Errorf(UnprocessableNumber,
			"The payload has a number beyond the range of a 64-bit float.")
	}
	return nil
}

// runProcessor calls the processor and waits until it returns or ctx ends. A processor that ignores
// the end of its context continues to run, because Go can't stop it.
func runProcessor(
	ctx context.Context, processor Processor, event Event, attempt int, payload []byte,
) (Output, error) {
	processorCtx, cancel := WithReserve(ctx, processorGrace)
	defer cancel()
	type result struct {
		output Output
		err    error
	}
	done := make(chan result, 1)
	go func() {
		// The error is set before the call, because recover does not catch runtime.Goexit.
		r := result{err: Errorf(ProcessorError, "the processor must return, got runtime.Goexit")}
		defer func() { done <- r }()
		r.output, r.err = callProcessor(processorCtx, processor, event, attempt, payload)
	}()
	select {
	case r := <-done:
		return r.output, r.err
	case <-ctx.Done():
		return Output{}, wrapError(ProcessorError,
			"the processor did not return when its context ended", context.Cause(ctx))
	}
}

// callProcessor calls the processor and classifies its failure.
func callProcessor(
	ctx context.Context, processor Processor, event Event, attempt int, payload []byte,
) (output Output, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = wrapError(ProcessorError, "the processor panicked", newPanic(cause))
		}
	}()
	output, err = processor.Process(ctx, event, attempt, payload)
	var coded *Error
	switch {
	case errors.As(err, &coded) && fromProcessor(coded.Code):
		return Output{}, err
	case err != nil && ctx.Err() != nil:
		return Output{}, wrapError(ProcessorError, "the processor ran out of time", err)
	case err != nil:
		return Output{}, wrapError(ProcessorError, "the processor failed", err)
	}
	return output, nil
}

// fromProcessor reports whether a processor caused an error with this code.
func fromProcessor(code Code) bool {
	return code == InvalidOutput || code == ProcessorError ||
		strings.HasPrefix(string(code), rejectedPrefix)
}
