package format

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"mime"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// attributePrefix is the prefix of each header that contains an attribute of a CloudEvent. The name
// of the attribute follows the prefix.
const attributePrefix = "ce-"

// isBinaryMode reports whether the headers contain a required attribute of a CloudEvent.
func isBinaryMode(headers map[string]string) bool {
	for _, attribute := range []string{"specversion", "id", "source", "type"} {
		if _, present := headers[attributePrefix+attribute]; present {
			return true
		}
	}
	return false
}

// toJSON converts a request in binary mode to a CloudEvent in the JSON format. It sorts the
// attributes by name, so that the same request always results in the same JSON.
func toJSON(headers map[string]string, data []byte) ([]byte, error) {
	event := make([]byte, 0, len(data)*4/3+1024)
	event = append(event, '{')
	for _, header := range slices.Sorted(maps.Keys(headers)) {
		name, isAttribute := strings.CutPrefix(header, attributePrefix)
		if !isAttribute {
			continue
		}
		if name == "datacontenttype" || name == "data" || name == "data_base64" {
			return nil, pipeline.Errorf(pipeline.InvalidCloudEvent, "The header ce-%s is not "+
				"allowed. Send the data as the body, and its media type as Content-Type.", name)
		}
		value := attributeValue(headers[header])
		// Each byte that is not UTF-8 arrives as U+FFFD, so two different ids can become equal. The
		// API therefore rejects U+FFFD. A sender can encode the character U+FFFD as %EF%BF%BD.
		replaced := strings.ContainsRune(headers[header], utf8.RuneError)
		if replaced || !utf8.ValidString(value) {
			return nil, pipeline.Errorf(pipeline.InvalidCloudEvent,
				"Headers that begin with ce- must be valid UTF-8. Percent-encode other bytes.")
		}
		event = appendMember(event, name, value)
	}
	contentType, typed := headers["content-type"]
	if typed {
		event = appendMember(event, "datacontenttype", contentType)
	}
	event, err := appendData(event, contentType, data)
	return append(event, '}'), err
}

// appendMember appends a member whose value is a string to an incomplete JSON object.
func appendMember(event []byte, name, value string) []byte {
	event = appendName(event, name)
	event, _ = jsontext.AppendQuote(event, value) // the error would report invalid UTF-8
	return event
}

func appendName(event []byte, name string) []byte {
	if event[len(event)-1] != '{' {
		event = append(event, ',')
	}
	event, _ = jsontext.AppendQuote(event, name)
	return append(event, ':')
}

// attributeValue decodes the value of a header as the HTTP binding of CloudEvents requires. It
// removes quotes and then the percent-encoding. An invalid percent-encoding remains, because some
// SDKs do not encode a percent sign.
func attributeValue(value string) string {
	value = Unquote(value)
	if decoded, err := url.PathUnescape(value); err == nil {
		return decoded
	}
	return value
}

// Unquote removes the quotes around a header's value, and each backslash that escapes a quote or a
// backslash. If the value is not a valid quoted string, Unquote returns it unchanged.
func Unquote(value string) string {
	if len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' {
		return value
	}
	var text strings.Builder
	for quoted := value[1 : len(value)-1]; quoted != ""; quoted = quoted[1:] {
		if quoted[0] == '\\' && len(quoted) > 1 && strings.ContainsRune(`"\`, rune(quoted[1])) {
			quoted = quoted[1:]
		} else if quoted[0] == '"' || quoted[0] == '\\' {
			return value // not a quoted string
		}
		text.WriteByte(quoted[0])
	}
	return text.String()
}

// appendData appends the member "data" or "data_base64". JSON becomes a JSON value, and text
// becomes a string. Other data is encoded in base64. Data without a content type must be JSON.
func appendData(event []byte, contentType string, data []byte) ([]byte, error) {
	if len(data) == 0 {
		return event, nil
	}
	media, parameters, err := mime.ParseMediaType(contentType)
	if contentType == "" || err == nil && isJSON(media) {
		if err := checkStart(data); err != nil {
			return nil, err
		}
		if !json.Valid(data) {
			return nil, syntaxError(data)
		}
		return append(appendName(event, "data"), data...), nil
	}
	charset := strings.ToLower(parameters["charset"])
	readable := charset == "" || charset == "utf-8" || charset == "us-ascii"
	if isText(media) && readable && utf8.Valid(data) {
		return appendMember(event, "data", string(data)), nil
	}
	event = append(appendName(event, "data_base64"), '"')
	return append(base64.StdEncoding.AppendEncode(event, data), '"'), nil
}

func isJSON(media string) bool {
	return strings.HasSuffix(media, "/json") || strings.HasSuffix(media, "+json")
}

func isText(media string) bool {
	return strings.HasPrefix(media, "text/") || media == "application/xml" ||
		strings.HasSuffix(media, "+xml")
}
