package dynamodb

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// keyPrefix is the prefix of an item's key. The event id follows. The item has these attributes:
//
//	pk               EVENT#<eventId>
//	eventId, eventType, status
//	receivedAt       RFC 3339, UTC
//	s3Bucket, s3Key  location of the raw payload in Bronze
//	payloadSha256    lower-case hex
//	payloadBytes     number
//	caller           sender; absent if unknown
//	webhookSource, webhookContentType, webhookHeaders    if a webhook source sent the event
//	count            number of events in the Bronze object, if it holds a batch
//	splitOff         indexes of the parts that were split off a PROCESSED batch, such as "3,10-19"
//	bodySha256       hash of the request's body, if a batch has an idempotency key
//	rejected         indexes of that request's rejected events, such as "3,10"
//	requestId        request that created the item; absent if the event has no idempotency key
//	enqueuedAt       when the event last became ENQUEUED; absent if the worker created the item
//	reenqueues       number of times that the reconciler enqueued the event again
//	replayId, replayQuiet                    last replay
//	redrives         number of redrives since the last replay
//	failures         number of deliveries whose processor failed, in this generation
//	crashes          number of redeliveries whose worker crashed, in this generation
//	begunMessage     message id of the last redelivery that a worker has begun
//	begunAttempt     number of that delivery
//	begunUntil       end of that worker's invocation; absent if the worker returned the message
//	attempts         number of deliveries, if PROCESSED or FAILED
//	processedAt, silverBucket, silverKey     if PROCESSED
//	droppedCode, droppedReason               if PROCESSED and filtered by its processor
//	failedAt, failureCode, failureReason     if FAILED
//	expiresAt        TTL attribute of the table; seconds since the epoch
const keyPrefix = "EVENT#"

type attributes = map[string]types.AttributeValue

func key(id string) attributes { return attributes{"pk": text(keyPrefix + id)} }

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

func timestamp(t time.Time) types.AttributeValue { return text(t.UTC().Format(time.RFC3339Nano)) }

func marshal(item pipeline.Item) attributes {
	a := attributes{
		"pk":            text(keyPrefix + item.ID),
		"eventId":       text(item.ID),
		"eventType":     text(item.Type),
		"status":        text(string(item.Status)),
		"receivedAt":    timestamp(item.ReceivedAt),
		"s3Bucket":      text(item.Bronze.Bucket),
		"s3Key":         text(item.Bronze.Key),
		"payloadSha256": text(item.SHA256),
		"payloadBytes":  number(int64(item.Bytes)),
	}
	for name, value := range map[string]string{
		"caller": item.Caller, "requestId": item.RequestID, "bodySha256": item.BodySHA256,
		"rejected": item.Rejected, "splitOff": item.SplitOff,
	} {
		if value != "" {
			a[name] = text(value)
		}
	}
	if item.Webhook != nil {
		marshalWebhook(a, *item.Webhook)
	}
	if !item.EnqueuedAt.IsZero() {
		a["enqueuedAt"] = timestamp(item.EnqueuedAt)
	}
	if item.Replay.ID != "" {
		a["replayId"] = text(item.Replay.ID)
		a["replayQuiet"] = &types.AttributeValueMemberBOOL{Value: item.Replay.Quiet}
	}
	for name, count := range map[string]int{
		"reenqueues": item.Reenqueues, "redrives": item.Replay.Redrives, "attempts": item.Attempts,
		"failures": item.Tries.Failures, "crashes": item.Tries.Crashes, "count": item.Count,
	} {
		if count > 0 {
			a[name] = number(int64(count))
		}
	}
	if begun := item.Tries.Begun; begun.MessageID != "" {
		a["begunMessage"], a["begunAttempt"] = text(begun.MessageID), number(int64(begun.Attempt))
		if !begun.Until.IsZero() {
			a["begunUntil"] = timestamp(begun.Until)
		}
	}
	if item.Status == pipeline.Processed {
		a["processedAt"] = timestamp(item.ProcessedAt)
		a["silverBucket"] = text(item.Silver.Bucket)
		a["silverKey"] = text(item.Silver.Key)
	}
	if item.Filtered != (pipeline.Filtered{}) {
		a["droppedCode"] = text(item.Filtered.Code)
		a["droppedReason"] = text(item.Filtered.Reason)
	}
	if item.Status == pipeline.Failed {
		a["failedAt"] = timestamp(item.FailedAt)
		a["failureCode"] = text(string(item.Failure.Code))
		a["failureReason"] = text(item.Failure.Reason)
	}
	if !item.ExpiresAt.IsZero() {
		a["expiresAt"] = number(item.ExpiresAt.Unix())
	}
	return a
}

func unmarshal(a attributes) (pipeline.Item, error) {
	r := reader{attributes: a}
	item := pipeline.Item{
		Event: pipeline.Event{
			ID:         strings.TrimPrefix(r.text("pk"), keyPrefix),
			Type:       r.text("eventType"),
			ReceivedAt: r.time("receivedAt"),
			Bronze:     pipeline.Location{Bucket: r.text("s3Bucket"), Key: r.text("s3Key")},
			SHA256:     r.text("payloadSha256"),
			Bytes:      int(r.number("payloadBytes")),
			Caller:     r.text("caller"),
			Count:      int(r.number("count")),
			Replay: pipeline.Replay{
				ID:       r.text("replayId"),
				Redrives: int(r.number("redrives")),
				Quiet:    r.bool("replayQuiet"),
			},
		},
		Status:     pipeline.Status(r.text("status")),
		RequestID:  r.text("requestId"),
		BodySHA256: r.text("bodySha256"),
		Rejected:   r.text("rejected"),
		SplitOff:   r.text("splitOff"),
		EnqueuedAt: r.time("enqueuedAt"),
		Reenqueues: int(r.number("reenqueues")),
		Tries: pipeline.Tries{
			Failures: int(r.number("failures")),
			Crashes:  int(r.number("crashes")),
			Begun: pipeline.Begun{
				MessageID: r.text("begunMessage"),
				Attempt:   int(r.number("begunAttempt")),
				Until:     r.time("begunUntil"),
			},
		},
		Attempts:    int(r.number("attempts")),
		ProcessedAt: r.time("processedAt"),
		Silver:      pipeline.Location{Bucket: r.text("silverBucket"), Key: r.text("silverKey")},
		Filtered: pipeline.Filtered{
			Code: r.text("droppedCode"), Reason: r.text("droppedReason"),
		},
		FailedAt: r.time("failedAt"),
		Failure: pipeline.Failure{
			Code: pipeline.Code(r.text("failureCode")), Reason: r.text("failureReason"),
		},
	}
	item.Webhook = r.webhook()
	if seconds := r.number("expiresAt"); seconds != 0 {
		item.ExpiresAt = time.Unix(seconds, 0).UTC()
	}
	if r.err != nil {
		return pipeline.Item{}, fmt.Errorf("decode item %s: %w", r.text("pk"), r.err)
	}
	return item, nil
}

// reader reads attributes. For an absent attribute it returns the zero value. It stores the first
// error.
type reader struct {
	attributes attributes
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
	r.keepError(name, err)
	return n
}

func (r *reader) time(name string) time.Time {
	value := r.text(name)
	if value == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339Nano, value)
	r.keepError(name, err)
	return t
}

func (r *reader) keepError(name string, err error) {
	if err != nil && r.err == nil {
		r.err = fmt.Errorf("attribute %s: %w", name, err)
	}
}
