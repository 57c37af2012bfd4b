package contract

// Every key in the Bronze bucket starts with BronzePrefix, and every key in the Silver bucket
// starts with SilverPrefix.
const (
	BronzePrefix = "bronze/"
	SilverPrefix = "silver/"
)
