package console

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/activity"
)

// rejection is a request that the API did not accept.
type rejection struct {
	number   uint64
	pipeline string
	Time     time.Time
	Path     string
	Status   int
	Code     string // code of the problem, without its prefix
	Title    string
	Detail   string
	Pointers []string // JSON pointers to the faults in the body
	Faults   []field  // the pointers and details of schema violations
	Errors   []rejectedEvent
	Headers  []field
	Body     []byte // at most the first 64 KiB
	Bytes    int    // size of the whole body
	Response string
}

// rejectedEvent is an invalid event of a rejected batch.
type rejectedEvent struct {
	Index      int         `json:"index"`
	Title      string      `json:"title"`
	Detail     string      `json:"detail"`
	Pointer    string      `json:"pointer"`
	Violations []violation `json:"violations"`
}

type violation struct {
	Pointer string `json:"pointer"`
	Detail  string `json:"detail"`
}

// problem is an error response. API Gateway's own error responses have only a message.
type problem struct {
	rejectedEvent
	Type    string          `json:"type"`
	Message string          `json:"message"`
	Errors  []rejectedEvent `json:"errors"`
}

// maxRejectedErrors is the maximum number of a batch's errors that a rejection keeps.
const maxRejectedErrors = 20

// addRejection records a request that the API rejected. The caller holds j.mu.
func (j *journal) addRejection(step activity.Step, slug string) {
	status := numberOf(step, activity.DetailStatus)
	if status < 400 {
		return
	}
	r := rejection{
		number: j.seq, pipeline: slug, Time: step.Time, Status: status,
		Path: escape(stringOf(step, activity.DetailPath)), Headers: headerFields(step),
		Body:     []byte(stringOf(step, activity.DetailBody)),
		Bytes:    numberOf(step, activity.DetailBodyBytes),
		Response: stringOf(step, activity.DetailResponse),
	}
	var p problem
	_ = json.Unmarshal([]byte(r.Response), &p) // a response without a problem has no details
	r.Code = escape(p.Type[strings.LastIndex(p.Type, ":")+1:])
	r.Title, r.Detail = escape(p.Title+p.Message), escape(p.Detail)
	r.addFaults(p.rejectedEvent, "")
	for _, e := range p.Errors[:min(len(p.Errors), maxRejectedErrors)] {
		e.Title, e.Detail = escape(e.Title), escape(e.Detail)
		r.Errors = append(r.Errors, e)
		r.addFaults(e, elementPointer(e.Index))
	}
	j.rejected = appendLimited(j.rejected, r, maxRejected)
}

// addFaults adds the faults of an event, with their JSON pointers. place is the event's JSON
// pointer in the body.
func (r *rejection) addFaults(e rejectedEvent, place string) {
	if len(e.Violations) == 0 && place+e.Pointer != "" {
		r.Pointers = append(r.Pointers, place+e.Pointer)
	}
	for _, v := range e.Violations {
		if place+v.Pointer != "" {
			r.Pointers = append(r.Pointers, place+v.Pointer)
		}
		r.Faults = append(r.Faults, field{escape(place + v.Pointer), escape(v.Detail)})
	}
}

// rejections returns the latest rejected requests of a pipeline, the newest first. It includes
// requests whose pipeline is unknown.
func (j *journal) rejections(slug string) []rejection {
	j.mu.RLock()
	defer j.mu.RUnlock()
	var found []rejection
	for _, r := range slices.Backward(j.rejected) {
		if (r.pipeline == slug || r.pipeline == "") && len(found) < maxRejected {
			found = append(found, r)
		}
	}
	return found
}

// headerFields returns the headers of a request, sorted by name.
func headerFields(step activity.Step) []field {
	var headers map[string]string
	// If the step has no headers, the map is nil.
	_ = json.Unmarshal(step.Detail(activity.DetailHeaders), &headers)
	var fields []field
	for _, name := range sortedKeys(headers) {
		fields = append(fields, field{escape(name), escape(headers[name])})
	}
	return fields
}

// callerOf returns the name of the caller whom the API's authorizer identified, or "".
func callerOf(step activity.Step) string {
	var authorizer struct {
		IAM struct {
			UserARN string `json:"userArn"`
		} `json:"iam"`
		JWT struct {
			Claims map[string]any `json:"claims"`
		} `json:"jwt"`
		Lambda map[string]any `json:"lambda"`
	}
	_ = json.Unmarshal(step.Detail(activity.DetailAuthorizer), &authorizer) // empty for an open API
	if authorizer.IAM.UserARN != "" {
		return "iam " + authorizer.IAM.UserARN
	}
	for _, claims := range []map[string]any{authorizer.JWT.Claims, authorizer.Lambda} {
		for _, name := range []string{"sub", "client_id", "principalId"} {
			if text, ok := claims[name].(string); ok && text != "" {
				return text
			}
		}
	}
	return ""
}
