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
//	begunAttempt     receive count of that message at the redelivery
//	begunUntil       end of that worker's invocation; absent if the worker returned the message
//	attempts         number of deliveries, if PROCESSED or FAILED
//	processedAt, silverBucket, silverKey     if PROCESSED
//	droppedCode, droppedReason               if PROCESSED and filtered by its processor
//	failedAt, failureCode, failureReason     if FAILED
//	expiresAt        TTL attribute of the table; seconds since the epoch
const keyPrefix = "EVENT#"

type attributes = map[string]types.AttributeValue

func itemKey(id string) attributes { return attributes{"pk": stringValue(keyPrefix + id)} }

func stringValue(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func numberValue(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

func timeValue(t time.Time) types.AttributeValue {
	return stringValue(t.UTC().Format(time.RFC3339Nano))
}

func marshal(item pipeline.Item) attributes {
	a := attributes{
		"pk":            stringValue(keyPrefix + item.ID),
		"eventId":       stringValue(item.ID),
		"eventType":     stringValue(item.Type),
		"status":        stringValue(string(item.Status)),
		"receivedAt":    timeValue(item.ReceivedAt),
		"s3Bucket":      stringValue(item.Bronze.Bucket),
		"s3Key":         stringValue(item.Bronze.Key),
		"payloadSha256": stringValue(item.SHA256),
		"payloadBytes":  numberValue(int64(item.Bytes)),
	}
	for name, value := range map[string]string{
		"caller": item.Caller, "requestId": item.RequestID, "bodySha256": item.BodySHA256,
		"rejected": item.Rejected, "splitOff": item.SplitOff,
	} {
		if value != "" {
			a[name] = stringValue(value)
		}
	}
	if item.Webhook != nil {
		marshalWebhook(a, *item.Webhook)
	}
	if !item.EnqueuedAt.IsZero() {
		a["enqueuedAt"] = timeValue(item.EnqueuedAt)
	}
	if item.Replay.ID != "" {
		a["replayId"] = stringValue(item.Replay.ID)
		a["replayQuiet"] = &types.AttributeValueMemberBOOL{Value: item.Replay.Quiet}
	}
	for name, count := range map[string]int{
		"reenqueues": item.Reenqueues, "redrives": item.Replay.Redrives, "attempts": item.Attempts,
		"failures": item.Tries.Failures, "crashes": item.Tries.Crashes, "count": item.Count,
	} {
		if count > 0 {
			a[name] = numberValue(int64(count))
		}
	}
	if begun := item.Tries.Begun; begun.MessageID != "" {
		a["begunMessage"] = stringValue(begun.MessageID)
		a["begunAttempt"] = numberValue(int64(begun.Attempt))
		if !begun.Until.IsZero() {
			a["begunUntil"] = timeValue(begun.Until)
		}
	}
	if item.Status == pipeline.Processed {
		a["processedAt"] = timeValue(item.ProcessedAt)
		a["silverBucket"] = stringValue(item.Silver.Bucket)
		a["silverKey"] = stringValue(item.Silver.Key)
	}
	if item.Filtered != (pipeline.Filtered{}) {
		a["droppedCode"] = stringValue(item.Filtered.Code)
		a["droppedReason"] = stringValue(item.Filtered.Reason)
	}
	if item.Status == pipeline.Failed {
		a["failedAt"] = timeValue(item.FailedAt)
		a["failureCode"] = stringValue(string(item.Failure.Code))
		a["failureReason"] = stringValue(item.Failure.Reason)
	}
	if !item.ExpiresAt.IsZero() {
		a["expiresAt"] = numberValue(item.ExpiresAt.Unix())
	}
	return a
}

func unmarshal(a attributes) (pipeline.Item, error) {
	r := reader{attributes: a}
	item := pipeline.Item{
		Event: pipeline.Event{
			ID:         strings.TrimPrefix(r.readString("pk"), keyPrefix),
			Type:       r.readString("eventType"),
			ReceivedAt: r.readTime("receivedAt"),
			Bronze: pipeline.Location{
				Bucket: r.readString("s3Bucket"), Key: r.readString("s3Key"),
			},
			SHA256: r.readString("payloadSha256"),
			Bytes:  int(r.readNumber("payloadBytes")),
			Caller: r.readString("caller"),
			Count:  int(r.readNumber("count")),
			Replay: pipeline.Replay{
				ID:       r.readString("replayId"),
				Redrives: int(r.readNumber("redrives")),
				Quiet:    r.readBool("replayQuiet"),
			},
		},
		Status:     pipeline.Status(r.readString("status")),
		RequestID:  r.readString("requestId"),
		BodySHA256: r.readString("bodySha256"),
		Rejected:   r.readString("rejected"),
		SplitOff:   r.readString("splitOff"),
		EnqueuedAt: r.readTime("enqueuedAt"),
		Reenqueues: int(r.readNumber("reenqueues")),
		Tries: pipeline.Tries{
			Failures: int(r.readNumber("failures")),
			Crashes:  int(r.readNumber("crashes")),
			Begun: pipeline.Begun{
				MessageID: r.readString("begunMessage"),
				Attempt:   int(r.readNumber("begunAttempt")),
				Until:     r.readTime("begunUntil"),
			},
		},
		Attempts:    int(r.readNumber("attempts")),
		ProcessedAt: r.readTime("processedAt"),
		Silver: pipeline.Location{
			Bucket: r.readString("silverBucket"), Key: r.readString("silverKey"),
		},
		Filtered: pipeline.Filtered{
			Code: r.readString("droppedCode"), Reason: r.readString("droppedReason"),
		},
		FailedAt: r.readTime("failedAt"),
		Failure: pipeline.Failure{
			Code: pipeline.Code(r.readString("failureCode")), Reason: r.readString("failureReason"),
		},
	}
	item.Webhook = r.readWebhook()
	if seconds := r.readNumber("expiresAt"); seconds != 0 {
		item.ExpiresAt = time.Unix(seconds, 0).UTC()
	}
	if r.err != nil {
		return pipeline.Item{}, fmt.Errorf("decode item %s: %w", r.readString("pk"), r.err)
	}
	return item, nil
}

// reader reads attributes. For an absent attribute it returns the zero value. It stores the first
// error.
type reader struct {
	attributes attributes
	err        error
}

func (r *reader) readString(name string) string {
	if value, ok := r.attributes[name].(*types.AttributeValueMemberS); ok {
		return value.Value
	}
	return ""
}

func (r *reader) readBool(name string) bool {
	value, ok := r.attributes[name].(*types.AttributeValueMemberBOOL)
	return ok && value.Value
}

func (r *reader) readNumber(name string) int64 {
	value, ok := r.attributes[name].(*types.AttributeValueMemberN)
	if !ok {
		return 0
	}
	n, err := strconv.ParseInt(value.Value, 10, 64)
	r.keepError(name, err)
	return n
}

func (r *reader) readTime(name string) time.Time {
	value := r.readString(name)
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
