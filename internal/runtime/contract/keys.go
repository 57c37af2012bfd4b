package contract

// Every key in the Bronze bucket starts with BronzePrefix, every key in the Silver bucket with
// SilverPrefix.
const (
	BronzePrefix = "bronze/"
	SilverPrefix = "silver/"
)
