package eventpipeline

import (
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
)

// ignored finds what was asked for and would change nothing. It looks at the props as they were given: a default asks for
// nothing.
func (m *mistakes) ignored(given *EventPipelineProps) {
	if given == nil {
		return
	}
	// The other Reconciler props are heeded when an operator invokes the function.
	m.unless(given.ReconcilerEnabled == nil || *given.ReconcilerEnabled || given.ReconcilerInterval == nil,
		"ReconcilerInterval is of no use with ReconcilerEnabled false; leave one of them out")
	m.unless(given.StatusForAllCallers == nil || given.Authorization != AuthorizationOpenToAnyoneOnTheInternet,
		"StatusForAllCallers is of no use with Authorization %q, which tells no caller from another; leave it out", AuthorizationOpenToAnyoneOnTheInternet)
	m.unless(given.BatchSize == nil || *given.BatchSize != 1 || given.MaxBatchingWindow == nil || seconds(given.MaxBatchingWindow) == 0,
		"MaxBatchingWindow is of no use with a BatchSize of 1, which is full at once; raise BatchSize, or leave the window out")
	parts := []awskms.IKey{
		given.BronzeEncryptionKey, given.SilverEncryptionKey, given.EventsTableEncryptionKey,
		given.QueueEncryptionKey, given.LogEncryptionKey, given.EventBusEncryptionKey,
	}
	m.unless(given.EncryptionKey == nil || slices.Contains(parts, nil),
		"EncryptionKey is of no use when each part has a key of its own; leave it out")
	if cors := given.CorsPreflight; cors != nil {
		m.unless(cors.AllowOrigins != nil && len(*cors.AllowOrigins) > 0, "CorsPreflight without AllowOrigins lets no browser in; name the origins, or leave it out")
	}
}
