package sqs

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// QueryProtocol returns a handler for SQS's former query protocol, which old SDKs use. It converts
// a request to the JSON protocol, calls next, and converts the response back. Requests in other
// protocols reach next unchanged.
func QueryProtocol(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isQuery(r) {
			next.ServeHTTP(w, r)
			return
		}
		// A form can be longer than the same request in JSON, because it escapes more characters.
		r.Body = http.MaxBytesReader(w, r.Body, 2*protocol.MaxJSONBody)
		if err := r.ParseForm(); err != nil {
			protocol.WriteError(w, protocol.Query, http.StatusBadRequest, "MalformedQueryString",
				err.Error())
			return
		}
		action := r.Form.Get("Action")
		response := &bufferedResponse{header: w.Header(), status: http.StatusOK}
		next.ServeHTTP(response, jsonRequest(r, action))
		response.writeXML(w, action)
	})
}

// queuePath matches the path of a queue's URL.
var queuePath = regexp.MustCompile(`^/[0-9]{12}/[^/]+/?$`)

// isQuery reports whether a request uses the query protocol of SQS. Such a request has a queue's
// path or a signature for SQS.
func isQuery(r *http.Request) bool {
	form := strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
	if r.Header.Get("X-Amz-Target") != "" || !form && !r.URL.Query().Has("Action") {
		return false
	}
	return queuePath.MatchString(r.URL.Path) ||
		strings.Contains(r.Header.Get("Authorization"), "/sqs/aws4_request")
}

// jsonRequest returns the request in the JSON protocol.
func jsonRequest(r *http.Request, action string) *http.Request {
	fields := jsonFields(parseTree(r.Form))
	if _, ok := fields["QueueUrl"]; !ok && queuePath.MatchString(r.URL.Path) {
		fields["QueueUrl"] = strings.TrimSuffix(r.URL.Path, "/")
	}
	body, _ := json.Marshal(fields) // cannot fail: the fields are strings, lists and maps
	out := r.Clone(r.Context())
	out.Method, out.URL.Path, out.URL.RawQuery = http.MethodPost, "/", ""
	out.Header.Set("X-Amz-Target", TargetPrefix+"."+action)
	out.Header.Set("Content-Type", "application/x-amz-json-1.0")
	out.Form, out.PostForm = nil, nil
	out.Body, out.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return out
}

// parseTree returns the fields of a form as a tree. A name such as Attribute.1.Name is a path.
func parseTree(form url.Values) map[string]any {
	root := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(form)) {
		node := root
		path := strings.Split(name, ".")
		for _, step := range path[:len(path)-1] {
			child, ok := node[step].(map[string]any)
			if !ok {
				child = map[string]any{}
				node[step] = child
			}
			node = child
		}
		node[path[len(path)-1]] = form.Get(name)
	}
	return root
}

// integers lists the parameters that are numbers in the JSON protocol.
var integers = []string{
	"DelaySeconds", "MaxNumberOfMessages", "MaxNumberOfMessagesPerSecond", "MaxResults",
	"VisibilityTimeout", "WaitTimeSeconds",
}

// jsonFields returns the fields of the JSON protocol. In a form, a list has one field for each
// element, such as AttributeName.1. A map has two fields for each entry, such as Attribute.1.Name
// and Attribute.1.Value.
func jsonFields(form map[string]any) map[string]any {
	out := map[string]any{}
	for name, value := range form {
		children, nested := value.(map[string]any)
		switch {
		case slices.Contains(integers, name):
			out[name] = toNumber(value)
		case !nested:
			out[name] = value
		case strings.HasSuffix(name, "RequestEntry"):
			out["Entries"] = jsonEntries(children)
		case strings.HasSuffix(name, "Name"):
			out[name+"s"] = sortedChildren(children)
		default:
			out[name+"s"] = jsonMap(children)
		}
	}
	return out
}

// toNumber converts the text of a number to a JSON number. It returns other values unchanged.
func toNumber(value any) any {
	if text, ok := value.(string); ok {
		if n, err := strconv.Atoi(text); err == nil {
			return n
		}
	}
	return value
}

func jsonEntries(children map[string]any) []any {
	list := sortedChildren(children)
	for i, e := range list {
		if fields, ok := e.(map[string]any); ok {
			list[i] = jsonFields(fields)
		}
	}
	return list
}

func jsonMap(children map[string]any) map[string]any {
	out := map[string]any{}
	for _, e := range sortedChildren(children) {
		if pair, ok := e.(map[string]any); ok {
			out[fmt.Sprint(pair["Name"])] = pair["Value"]
		}
	}
	return out
}

// sortedChildren returns the values of the map children. The keys are numbers and define the order.
func sortedChildren(children map[string]any) []any {
	names := slices.SortedFunc(maps.Keys(children), func(a, b string) int {
		x, _ := strconv.Atoi(a)
		y, _ := strconv.Atoi(b)
		return x - y
	})
	list := make([]any, 0, len(names))
	for _, name := range names {
		list = append(list, children[name])
	}
	return list
}

// bufferedResponse records a response. The recorded response uses the JSON protocol.
type bufferedResponse struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *bufferedResponse) Header() http.Header         { return a.header }
func (a *bufferedResponse) WriteHeader(status int)      { a.status = status }
func (a *bufferedResponse) Write(p []byte) (int, error) { return a.body.Write(p) }

const queryNamespace = "http://queue.amazonaws.com/doc/2012-11-05/"

// writeXML converts the recorded response to the query protocol and writes it to w.
func (a *bufferedResponse) writeXML(w http.ResponseWriter, action string) {
	decoder := json.NewDecoder(&a.body)
	decoder.UseNumber()
	var fields map[string]any
	_ = decoder.Decode(&fields) // an invalid response has no fields
	w.Header().Del("Content-Length")
	w.Header().Del("X-Amz-Crc32") // checksum of the JSON
	if a.status != http.StatusOK {
		code, _, ok := strings.Cut(a.header.Get("X-Amzn-Query-Error"), ";")
		if !ok {
			code = fmt.Sprint(fields["__type"])
		}
		protocol.WriteError(w, protocol.Query, a.status, code, fmt.Sprint(fields["message"]))
		return
	}
	var text bytes.Buffer
	fmt.Fprintf(&text, `<%sResponse xmlns="%s"><%[1]sResult>`, action, queryNamespace)
	writeFields(&text, action, fields)
	fmt.Fprintf(&text, `</%sResult><ResponseMetadata><RequestId>%s</RequestId></ResponseMetadata>`+
		`</%[1]sResponse>`, action, a.header.Get("X-Amzn-Requestid"))
	w.Header().Set("Content-Type", "text/xml")
	_, _ = w.Write(text.Bytes()) // a write error means that the client disconnected
}

func writeFields(w *bytes.Buffer, action string, fields map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		switch value := fields[name].(type) {
		case []any:
			for _, element := range value {
				writeElement(w, elementName(action, name), action, element)
			}
		case map[string]any:
			if name == "Value" {
				writeElement(w, name, action, value)
				continue
			}
			for _, key := range slices.Sorted(maps.Keys(value)) {
				pair := map[string]any{"Name": key, "Value": value[key]}
				writeElement(w, strings.TrimSuffix(name, "s"), action, pair)
			}
		default:
			writeElement(w, name, action, value)
		}
	}
}

func writeElement(w *bytes.Buffer, name, action string, value any) {
	w.WriteString("<" + name + ">")
	if fields, ok := value.(map[string]any); ok {
		writeFields(w, action, fields)
	} else {
		_ = xml.EscapeText(w, []byte(fmt.Sprint(value))) // a write to a buffer can't fail
	}
	w.WriteString("</" + name + ">")
}

// elementName returns the name of the XML elements of a list.
func elementName(action, list string) string {
	switch list {
	case "Successful":
		return action + "ResultEntry"
	case "Failed":
		return "BatchResultErrorEntry"
	case "queueUrls":
		return "QueueUrl"
	}
	return strings.TrimSuffix(list, "s")
}
