package processor

import "context"

// Types routes events by their type:
//
//	processor.Start(processor.Types{
//		"order.placed":   processor.JSON(place),
//		"order.refunded": processor.JSON(refund),
//	}.Route)
//
// The Func of the type "" receives the events of all other types.
type Types map[string]Func

// UnknownType is the code of events that Types rejects. The event's status shows it as
// rejected.unknown-type.
const UnknownType = "unknown-type"

// Route calls the Func of the event's type, or else the Func of the type "". If Types has neither,
// Route rejects the event. Route is itself a Func: pass it to Start.
func (t Types) Route(ctx context.Context, event Event) (Record, error) {
	fn := t[event.Type]
	if fn == nil {
		fn = t[""]
	}
	if fn == nil {
		return Record{}, Reject(UnknownType, "The processor has no function for events of type %s.",
			event.Type)
	}
	return fn(ctx, event)
}
