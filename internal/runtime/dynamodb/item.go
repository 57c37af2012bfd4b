package dynamodb

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// The item of an event:
//
//	pk               EVENT#<eventId>
//	eventId, eventType, status
//	receivedAt       RFC 3339, UTC
//	s3Bucket, s3Key  the raw payload in Bronze
//	payloadSha256    lower-case hex
//	payloadBytes     number
//	caller           who sent it; absent if that is nobody in particular
//	enqueuedAt       when it last became ENQUEUED; absent if the worker made the item: at its receipt
//	reenqueues       number, once the reconciler has put its message on the queue again
//	replayId, replayQuiet                    of the last replay
//	redrives         number, since then
//	attempts         number, once PROCESSED or FAILED
//	processedAt, silverBucket, silverKey     once PROCESSED
//	droppedCode, droppedReason               once PROCESSED, if its processor dropped it
//	failedAt, failureCode, failureReason     once FAILED
//	expiresAt        number, seconds since the epoch: the table's TTL attribute
const prefix = "EVENT#"

func key(id string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"pk": text(prefix + id)}
}

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

func marshal(item pipeline.Item) map[string]types.AttributeValue {
	attributes := map[string]types.AttributeValue{
		"pk":            text(prefix + item.ID),
		"eventId":       text(item.ID),
		"eventType":     text(item.Type),
		"status":        text(string(item.Status)),
		"receivedAt":    timestamp(item.ReceivedAt),
		"s3Bucket":      text(item.Bronze.Bucket),
		"s3Key":         text(item.Bronze.Key),
		"payloadSha256": text(item.SHA256),
		"payloadBytes":  number(int64(item.Bytes)),
	}
	if item.Caller != "" {
		attributes["caller"] = text(item.Caller)
	}
	if !item.EnqueuedAt.IsZero() {
		attributes["enqueuedAt"] = timestamp(item.EnqueuedAt)
	}
	if item.Reenqueues > 0 {
		attributes["reenqueues"] = number(int64(item.Reenqueues))
	}
	if item.Replay.ID != "" {
		attributes["replayId"] = text(item.Replay.ID)
		attributes["replayQuiet"] = &types.AttributeValueMemberBOOL{Value: item.Replay.Quiet}
	}
	if item.Replay.Redrives > 0 {
		attributes["redrives"] = number(int64(item.Replay.Redrives))
	}
	if item.Attempts > 0 {
		attributes["attempts"] = number(int64(item.Attempts))
	}
	if item.Status == pipeline.Processed {
		attributes["processedAt"] = timestamp(item.ProcessedAt)
		attributes["silverBucket"] = text(item.Silver.Bucket)
		attributes["silverKey"] = text(item.Silver.Key)
	}
	if item.Filtered != (pipeline.Filtered{}) {
		attributes["droppedCode"] = text(item.Filtered.Code)
		attributes["droppedReason"] = text(item.Filtered.Reason)
	}
	if item.Status == pipeline.Failed {
		attributes["failedAt"] = timestamp(item.FailedAt)
		attributes["failureCode"] = text(string(item.Failure.Code))
		attributes["failureReason"] = text(item.Failure.Reason)
	}
	if !item.ExpiresAt.IsZero() {
		attributes["expiresAt"] = number(item.ExpiresAt.Unix())
	}
	return attributes
}

func timestamp(t time.Time) types.AttributeValue { return text(t.UTC().Format(time.RFC3339Nano)) }

func unmarshal(attributes map[string]types.AttributeValue) (pipeline.Item, error) {
	r := reader{attributes: attributes}
	item := pipeline.Item{
		Event: pipeline.Event{
			ID:         strings.TrimPrefix(r.text("pk"), prefix),
			Type:       r.text("eventType"),
			ReceivedAt: r.time("receivedAt"),
			Bronze:     pipeline.Location{Bucket: r.text("s3Bucket"), Key: r.text("s3Key")},
			SHA256:     r.text("payloadSha256"),
			Bytes:      int(r.number("payloadBytes")),
			Caller:     r.text("caller"),
			Replay: pipeline.Replay{
				ID: r.text("replayId"), Redrives: int(r.number("redrives")), Quiet: r.bool("replayQuiet"),
			},
		},
		Status:      pipeline.Status(r.text("status")),
		EnqueuedAt:  r.time("enqueuedAt"),
		Reenqueues:  int(r.number("reenqueues")),
		Attempts:    int(r.number("attempts")),
		ProcessedAt: r.time("processedAt"),
		Silver:      pipeline.Location{Bucket: r.text("silverBucket"), Key: r.text("silverKey")},
		Filtered:    pipeline.Filtered{Code: r.text("droppedCode"), Reason: r.text("droppedReason")},
		FailedAt:    r.time("failedAt"),
		Failure:     pipeline.Failure{Code: pipeline.Code(r.text("failureCode")), Reason: r.text("failureReason")},
	}
	if seconds := r.number("expiresAt"); seconds != 0 {
		item.ExpiresAt = time.Unix(seconds, 0).UTC()
	}
	if r.err != nil {
		return pipeline.Item{}, fmt.Errorf("read item %s: %w", r.text("pk"), r.err)
	}
	return item, nil
}

// reader takes attributes from an item; one that is absent is its zero value. The first mistake stays in err.
type reader struct {
	attributes map[string]types.AttributeValue
	err        error
}

func (r *reader) text(name string) string {
	if value, ok := r.attributes[name].(*types.AttributeValueMemberS); ok {
		return value.Value
	}
	return ""
}

func (r *reader) bool(name string) bool {
	value, ok := r.attributes[name].(*types.AttributeValueMemberBOOL)
	return ok && value.Value
}

func (r *reader) number(name string) int64 {
	value, ok := r.attributes[name].(*types.AttributeValueMemberN)
	if !ok {
		return 0
	}
	n, err := strconv.ParseInt(value.Value, 10, 64)
	r.keep(name, err)
	return n
}

func (r *reader) time(name string) time.Time {
	value := r.text(name)
	if value == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339Nano, value)
	r.keep(name, err)
	return t
}

func (r *reader) keep(name string, err error) {
	if err != nil && r.err == nil {
		r.err = fmt.Errorf("attribute %s: %w", name, err)
	}
}
