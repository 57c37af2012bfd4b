// Package violation defines how a payload violates the JSON Schema of its type.
package violation

// Violation describes a value of a payload that violates a keyword of a JSON Schema. The JSON names
// are those in problem details.
type Violation struct {
	Pointer string `json:"pointer,omitempty"` // JSON pointer; "" means the whole payload
	Keyword string `json:"keyword"`
	Detail  string `json:"detail"` // what the schema requires; contains no value of the payload
}
