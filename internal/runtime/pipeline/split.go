package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// S3 needs about 0.15 s for a page of a thousand keys. A listing returns its pages one after the
// other.
//
// For a type with many objects, the reconciler therefore uses several listings at once. Each
// listing covers a range of keys.
const (
	pagesBeforeSplit = 8  // pages of a type that one listing can return
	listings         = 8  // listings at once
	rangesPerHour    = 16 // maximum for each kind of event id
	// maxRanges limits the ranges of a type. Each range costs a request, even if it has no objects.
	maxRanges = 4096
)

// errSplit ends a listing after pagesBeforeSplit pages.
var errSplit = errors.New("the listing has too many pages")

// keyRange represents the keys between low and high, both exclusive. low advances after each
// checked page.
type keyRange struct {
	low, high string
	done      bool
}

// splitKeys splits the keys between low and high into ranges, in key order. In each hour, the
// ranges have about the same number of events:
//
//   - A UUIDv7 begins with its time in milliseconds, so some ranges end at a time within the hour.
//   - The id of an event with an idempotency key begins with a random digit, so other ranges end at
//     such a digit.
//
// The more hours there are, the fewer ranges an hour has. With thousands of hours, a range covers
// several hours.
func splitKeys(eventType, low, high string, from, to time.Time) []*keyRange {
	if _, hour, ok := parseBronzeKey(low); ok {
		from = hour // the hours before low have no range
	}
	hours := int(to.Sub(from)/time.Hour) + 1
	perHour := min(max(maxRanges/2/hours, 1), rangesPerHour)
	step := time.Duration((2*hours+maxRanges-1)/maxRanges) * time.Hour
	var bounds []string
	for hour := from; !hour.After(to); hour = hour.Add(step) {
		prefix := BronzeHourPrefix(eventType, hour)
		for i := range perHour {
			at := hour.Add(time.Hour / time.Duration(perHour) * time.Duration(i)).UnixMilli()
			bounds = append(bounds, prefix+fmt.Sprintf("%08x-%04x", at>>16, at&0xffff),
				prefix+fmt.Sprintf("%x", 16*i/perHour))
		}
	}
	slices.Sort(bounds)
	var ranges []*keyRange
	for _, bound := range append(bounds, high) {
		if bound > low && bound <= high {
			ranges = append(ranges, &keyRange{low: low, high: bound})
			low = bound
		}
	}
	return ranges
}

// checkRanges checks the rest of a type's objects, with several listings at the same time. When it
// returns, even with an error, all objects up to s.After are checked.
func (s *passRun) checkRanges(ctx context.Context, eventType, high string) error {
	ranges := splitKeys(eventType, s.After, high, s.From, s.To)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	forEachLimited(listings, ranges, func(_ int, r *keyRange) {
		if err := s.checkRange(ctx, eventType, r); err != nil {
			cancel(err)
		}
	})
	for _, r := range ranges {
		s.After = r.low
		if !r.done {
			break
		}
	}
	return context.Cause(ctx)
}

func (s *passRun) checkRange(ctx context.Context, eventType string, r *keyRange) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	check := func(page []Object) error {
		if err := s.checkPage(ctx, page); err != nil {
			return err
		}
		r.low = page[len(page)-1].Key
		return nil
	}
	if err := forEachPage(ctx, s.Bronze, eventType, r.low, r.high, check); err != nil {
		return err
	}
	r.low, r.done = r.high, true
	return nil
}
