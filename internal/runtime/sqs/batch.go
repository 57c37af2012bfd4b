package sqs

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// maxEntries is SQS's quota of entries per batch request. The quota of 1 MiB per request does not
// matter, because ten messages have only a few kilobytes.
const maxEntries = 10

// results holds the response to a batch request. Some entries may succeed while others fail.
type results struct {
	successful []*string // entry ids
	failed     []types.BatchResultErrorEntry
}

// entryID returns the id of the entry with index i in a batch.
func entryID(i int) *string { return aws.String(strconv.Itoa(i)) }

// inBatches sends a request for every ten items. It returns an error or nil for each item. If the
// response does not mention an item, it returns an error for that item.
func inBatches[T any](action string, items []T, request func(batch []T) (results, error)) []error {
	var errs []error
	for batch := range slices.Chunk(items, maxEntries) {
		response, err := request(batch)
		if err == nil {
			err = errors.New("the response does not mention this entry")
		}
		batchErrs := slices.Repeat([]error{fmt.Errorf("%s: %w", action, err)}, len(batch))
		set := func(id *string, err error) {
			i, notNumber := strconv.Atoi(aws.ToString(id))
			if notNumber == nil && i >= 0 && i < len(batchErrs) {
				batchErrs[i] = err
			}
		}
		for _, id := range response.successful {
			set(id, nil)
		}
		for _, failed := range response.failed {
			code, message := aws.ToString(failed.Code), aws.ToString(failed.Message)
			set(failed.Id, fmt.Errorf("%s: %s: %s", action, code, message))
		}
		errs = append(errs, batchErrs...)
	}
	return errs
}
