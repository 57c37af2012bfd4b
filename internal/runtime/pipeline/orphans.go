package pipeline

import (
	"bytes"
	"context"
	"strings"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/lazyregexp"
)

// MinOrphanAge is the minimum age of an orphan that a replay enqueues. For a younger object, the
// request can still be in progress: AWS accepts a signed call for 15 minutes.
const MinOrphanAge = time.Hour

// selectOrphan reports whether the replay must enqueue an object that has no item and no record. It
// also updates the counts.
//
// Of several objects with the same event id, only one is enqueued. chosen holds the ids of the
// events whose object was already selected.
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

// orphanEvent derives an event from its Bronze object. ok is false for a key that ingest does not
// create. SHA256 is set if the key contains the hash.
//
// ReceivedAt is the time at which the object was stored. If this time is not in the hour of the
// key, ReceivedAt is the first or last millisecond of that hour.
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

// describePayload sets the fields of an orphan's event that depend on the payload. It keeps a
// SHA256 from the object's key, so that the worker detects a changed payload.
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
