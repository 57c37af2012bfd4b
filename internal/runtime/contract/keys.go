package contract

// Prefixes of the object keys in the two buckets.
const (
	BronzePrefix = "bronze/"
	SilverPrefix = "silver/"
)
