package contract

// Every object key starts with the prefix of its bucket.
const (
	BronzePrefix = "bronze/"
	SilverPrefix = "silver/"
)
