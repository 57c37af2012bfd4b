package contract

// Prefixes of all keys in the Bronze bucket and in the Silver bucket.
const (
	BronzePrefix = "bronze/"
	SilverPrefix = "silver/"
)
