package contract

// Headers of the API's requests and responses, in lower case as API Gateway passes them.
const (
	IdempotencyKeyHeader      = "idempotency-key"
	IdempotencyReplayedHeader = "idempotency-replayed" // "true" if the key was used before
	PreferHeader              = "prefer"               // see RFC 7240
	PreferenceAppliedHeader   = "preference-applied"
)

// HandlingLenient is the preference that makes the API accept the valid events of a batch that also
// contains invalid events.
const HandlingLenient = "handling=lenient"
