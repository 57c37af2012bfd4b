package sqs

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/parallel"
)

// maxEntries is SQS's quota of entries per batch request. Ten messages of the pipeline always stay
// below SQS's other quota, 1 MiB per request.
const maxEntries = 10

// results holds the response to a batch request. Some entries can fail while others succeed.
type results struct {
	successful []*string // entry ids
	failed     []types.BatchResultErrorEntry
}

// entryID returns the id of the entry with index i in a batch.
func entryID(i int) *string { return aws.String(strconv.Itoa(i)) }

// maxConcurrent is the largest number of requests that inBatches sends at the same time.
const maxConcurrent = 16

// inBatches sends up to ten items per request, and several requests at the same time. It returns an
// error or nil for each item. An item that the response does not mention gets an error.
func inBatches[T any](action string, items []T, request func(batch []T) (results, error)) []error {
	errs := make([]error, len(items))
	batches := slices.Collect(slices.Chunk(items, maxEntries))
	parallel.ForEach(maxConcurrent, len(batches), func(i int) {
		response, err := request(batches[i])
		first := i * maxEntries
		response.addErrors(errs[first:first+len(batches[i])], action, err)
	})
	return errs
}

// addErrors sets the error of each entry of a request. err is nil, or the error of the whole
// request.
func (r results) addErrors(errs []error, action string, err error) {
	if err == nil {
		err = errors.New("the response does not mention this entry")
	}
	for i := range errs {
		errs[i] = fmt.Errorf("%s: %w", action, err)
	}
	set := func(id *string, err error) {
		i, notNumber := strconv.Atoi(aws.ToString(id))
		if notNumber == nil && i >= 0 && i < len(errs) {
			errs[i] = err
		}
	}
	for _, id := range r.successful {
		set(id, nil)
	}
	for _, failed := range r.failed {
		code, message := aws.ToString(failed.Code), aws.ToString(failed.Message)
		set(failed.Id, fmt.Errorf("%s: %s: %s", action, code, message))
	}
}
