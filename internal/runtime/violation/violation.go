// Package violation defines the type of the schema validator's results. The API shows these results
// to clients.
package violation

// Violation describes a value of a payload that violates a keyword of a JSON Schema. The API's
// problem details contain violations in this JSON form.
type Violation struct {
	Pointer string `json:"pointer,omitempty"` // JSON pointer; "" means the whole payload
	Keyword string `json:"keyword"`
	Detail  string `json:"detail"` // what the schema requires; contains no value of the payload
}
