package pipeline

import (
	"bytes"
	"context"
	"strings"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/lazyregexp"
)

// MinOrphanAge is the minimum age of an orphan that a replay enqueues. The request of a younger
// object may still be in progress. The limit is far above 15 minutes, which is the time for which
// AWS accepts a signed request.
const MinOrphanAge = time.Hour

// selectOrphan reports whether the replay must enqueue an object that has neither an item nor a
// record. If not, it increments the count for the reason. An event with an idempotency key may have
// several objects, but only one of them is enqueued. The parameter chosen holds the ids of the
// events for which an object was already selected.
func (r Replayer) selectOrphan(
	req ReplayRequest, o Object, chosen map[string]bool, counts *ReplayCounts,
) (candidate, bool) {
	event, ok := r.orphanEvent(req.Type, o)
	c := candidate{item: Item{Event: event, ExpiresAt: event.ReceivedAt}, orphan: true}
	switch {
	case !ok:
		counts.Orphans++
		return c, false
	case !req.includes(c.item):
		return c, false
	case o.LastModified.After(r.Now().Add(-MinOrphanAge)):
		counts.Young++
		return c, false
	case chosen[event.ID]:
		counts.Orphans++
		return c, false
	case event.SHA256 != "": // requests with the same idempotency key share the id
		chosen[event.ID] = true
	}
	counts.Matched++
	return c, true
}

// orphanEvent derives an event from its Bronze object. The time of receipt is the time at which the
// object was stored. If that time is not in the hour of the key, the time of receipt is the first
// or last millisecond of the hour. SHA256 is set if the key contains the hash. ok is false if the
// key is not one that ingest creates.
func (r Replayer) orphanEvent(eventType string, o Object) (event Event, ok bool) {
	id, hour, _ := parseBronzeKey(o.Key)
	received := toMillis(o.LastModified)
	if latest := hour.Add(time.Hour - time.Millisecond); received.After(latest) {
		received = latest
	}
	if received.Before(hour) {
		received = hour
	}
	event = Event{
		ID: id, Type: eventType, ReceivedAt: received, Bronze: Location{r.BronzeBucket, o.Key},
	}
	if o.Key == event.BronzeKey() {
		return event, true
	}
	prefix := strings.TrimSuffix(event.BronzeKey(), ".json") + "-"
	event.SHA256 = strings.TrimSuffix(strings.TrimPrefix(o.Key, prefix), ".json")
	return event, hashPattern.MatchString(event.SHA256) && o.Key == event.KeyedBronzeKey()
}

// formPattern matches an encoded form. It does not match a JSON object.
var formPattern = lazyregexp.New(`^[A-Za-z0-9%+._~*-]+=[A-Za-z0-9%&=+._~*-]*$`)

// describePayload returns the orphan's event with the size and the hash of its payload. If the
// event already has a hash from the key, describePayload keeps this hash, so that the worker
// detects a changed payload.
func (r Replayer) describePayload(ctx context.Context, event Event) (Event, error) {
	payload, err := r.Bronze.Get(ctx, event.Bronze.Key)
	if err != nil {
		return Event{}, unavailable("get the orphan's payload", err)
	}
	event.Bytes = len(payload)
	if bytes.HasPrefix(payload, []byte("[")) {
		payloads, err := splitPayloads(payload)
		if err != nil {
			return Event{}, err
		}
		event.Count = len(payloads)
	}
	if formPattern.Match(payload) {
		event.Webhook = &Webhook{ContentType: FormContentType} // the source is unknown
	}
	if event.SHA256 == "" {
		event.SHA256 = hashOf(payload)
	}
	return event, nil
}
