package emulator

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/activity"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/apigateway"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// maxRejectedBody is the maximum size in bytes of the body in a step of a rejected request. Further
// bytes are cut off.
const maxRejectedBody = 64 << 10

// recordRequest records a POST request to an HTTP API, and the response.
func (s *services) recordRequest(e apigateway.Exchange) {
	if e.Request.Method != http.MethodPost {
		return
	}
	s.recorder.RecordDebug(func(step *activity.Step) bool {
		step.Time, step.Name, step.Level = e.Start, activity.Request, slog.LevelDebug
		step.Source = e.Function
		step.EventID = acceptedID(e)
		step.Details = append(details(activity.DetailMethod, e.Request.Method,
			activity.DetailPath, e.Request.URL.Path),
			numberDetail(activity.DetailStatus, e.Status),
			numberDetail(activity.DetailMs, milliseconds(e.Took)),
			jsonDetail(activity.DetailHeaders, headersOf(e.Request)),
			jsonDetail(activity.DetailAuthorizer, e.Caller),
			activity.StringDetail(activity.DetailResponse, string(e.ResponseBody)))
		if e.Status >= http.StatusBadRequest {
			body := e.Body[:min(len(e.Body), maxRejectedBody)]
			step.Details = append(step.Details,
				activity.StringDetail(activity.DetailBody, string(body)),
				numberDetail(activity.DetailBodyBytes, len(e.Body)))
		}
		return true
	})
}

// acceptedID returns the id of the event that the API accepted, or "" if there is none. For a list
// of events, it returns the id of the first batch.
func acceptedID(e apigateway.Exchange) string {
	var accepted struct {
		EventID string `json:"eventId"`
		Batches []struct {
			BatchID string `json:"batchId"`
		} `json:"batches"`
	}
	if e.Status != http.StatusAccepted || protocol.Decode(e.ResponseBody, &accepted) != nil {
		return ""
	}
	if len(accepted.Batches) > 0 {
		return accepted.Batches[0].BatchID
	}
	return accepted.EventID
}

// headersOf returns the headers of a request. It hides the values of headers that contain secrets.
func headersOf(r *http.Request) map[string]string {
	headers := make(map[string]string, len(r.Header))
	for name, values := range r.Header {
		headers[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	for _, name := range []string{"authorization", "cookie", "x-amz-security-token"} {
		if headers[name] != "" {
			headers[name] = "(hidden)"
		}
	}
	return headers
}

// recordCalls returns a handler that passes AWS calls to the handler next. The handler records the
// calls that contain an event's id.
func (s *services) recordCalls(next http.Handler) http.Handler {
	known := infos()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		call, begin := known.ReadCall(r), time.Now()
		body := &copiedBody{ReadCloser: r.Body}
		r.Body = body
		response := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(response, r)
		took, path := time.Since(begin), r.URL.Path
		s.recorder.RecordDebug(func(step *activity.Step) bool {
			ids := idsIn(path, body.start)
			if len(ids) == 0 {
				return false
			}
			caller, isFunction := s.sandboxOf(call.AccessKey)
			resource := ""
			if call.Service == protocol.S3 {
				resource = strings.TrimPrefix(path, "/")
			}
			step.Time = step.Time.Add(-took)
			step.Name, step.Level, step.Source = activity.Call, slog.LevelDebug, caller.Function
			step.Details = append(
				details(activity.DetailService, call.Service,
					activity.DetailOperation, call.Operation, "resource", resource),
				numberDetail(activity.DetailStatus, response.status),
				numberDetail(activity.DetailMs, milliseconds(took)),
				listDetail(activity.DetailIDs, ids))
			if !isFunction {
				step.Details = append(step.Details,
					activity.StringDetail(activity.DetailCaller, call.AccessKey))
			}
			return true
		})
	})
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func jsonDetail(name string, value any) activity.Detail {
	data, err := json.Marshal(value)
	if err != nil {
		data = []byte("null")
	}
	return activity.Detail{Name: name, Value: data}
}

// maxCopiedBody is the maximum number of bytes that recordCalls copies from a call's body.
// recordCalls finds only the event ids in these bytes.
const maxCopiedBody = 64 << 10

// copiedBody keeps a copy of the start of a body.
type copiedBody struct {
	io.ReadCloser
	start []byte
}

func (b *copiedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if room := maxCopiedBody - len(b.start); room > 0 {
		b.start = append(b.start, p[:min(n, room)]...)
	}
	return n, err
}

// statusWriter passes on a response and remembers its status.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// idMarkers lists the texts that precede an event's id in the body of a call.
var idMarkers = [][]byte{[]byte("EVENT#"), []byte("eventId")}

// idsIn returns the ids of the events in the path and the body of a call.
func idsIn(path string, body []byte) []string {
	var ids []string
	seen := map[string]bool{}
	add := func(text string) {
		if id := leadingID(text); id != "" && !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	add(path[strings.LastIndex(path, "/")+1:])
	for _, marker := range idMarkers {
		for rest := body; ; {
			at := bytes.Index(rest, marker)
			if at < 0 {
				break
			}
			rest = rest[at+len(marker):]
			value := bytes.TrimLeft(rest[:min(len(rest), 60)], `\": `)
			add(string(value))
		}
	}
	return ids
}

// uuidLength is the length of a UUID. An event's id is a UUID. The id of an event in a batch also
// has a dot and an index.
const uuidLength = 36

// leadingID returns the event id at the start of the text, or "" if there is none.
func leadingID(text string) string {
	if len(text) < uuidLength {
		return ""
	}
	for i := range uuidLength {
		isDash := i == 8 || i == 13 || i == 18 || i == 23
		if isDash != (text[i] == '-') || !isDash && !isHex(text[i]) {
			return ""
		}
	}
	end := uuidLength
	if end < len(text)-1 && text[end] == '.' && isDigit(text[end+1]) {
		for end++; end < len(text) && (isDigit(text[end]) || text[end] == '-'); end++ {
		}
	}
	return text[:end]
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isHex(c byte) bool   { return isDigit(c) || c >= 'a' && c <= 'f' }
