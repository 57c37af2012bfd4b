package cloudevents

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/cloudevents/sdk-go/v2/event"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/format"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// readBySDK decodes a CloudEvent in the JSON format with the SDK.
func readBySDK(text string) (e event.Event, err error) {
	defer func() { // the SDK panics if data_base64 is not a string
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v", cause)
		}
	}()
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		return e, err
	}
	return e, e.Validate()
}

// candidates returns valid and invalid CloudEvents. Each has one unusual member.
func candidates() []string {
	required := map[string]string{
		"specversion": `"1.0"`, "id": `"1"`, "source": `"/s"`, "type": `"demo"`,
	}
	values := []string{
		`null`, `""`, `"x"`, `" "`, `"a b"`, `"ä"`, `7`, `-1`, `2147483648`, `1.5`,
		`true`, `{}`, `[]`,
		`"1.0"`, `"0.3"`, `"/a?b#c"`, `"https://example.org/a%20b"`, `"%zz"`, `":"`, `"urn:a:b"`,
		`"2026-11-23T07:30:00Z"`, `"2026-11-23T07:30:00.123+01:00"`, `"2026-11-23"`,
		`"application/json"`,
		`"text/plain; charset=utf-8"`, `"AAE="`, `"AAE"`, `"%"`,
	}
	names := []string{
		"specversion", "id", "source", "type", "subject", "time", "dataschema", "datacontenttype",
		"data", "data_base64", "ext", "ext1", "Ext", "ext_1", "ext-1",
		"averyverylongnameofanextension",
	}
	var all []string
	for _, name := range names {
		for _, value := range append(values, "") { // "" leaves the member out
			members := maps.Clone(required)
			members[name] = value
			var text []string
			for _, member := range slices.Sorted(maps.Keys(members)) {
				if members[member] != "" {
					text = append(text, `"`+member+`":`+members[member])
				}
			}
			all = append(all, "{"+strings.Join(text, ",")+"}")
		}
	}
	return all
}

// The SDK must read every event that the platform accepts. Both must read the same attributes. The
// SDK can also accept events that the platform rejects.
func TestDecode_AcceptsOnlyEventsThatTheSDKReads(t *testing.T) {
	accepted, stricter := 0, 0
	for _, text := range candidates() {
		got, err := pipeline.DecodeCloudEvent([]byte(text))
		read, sdkErr := readBySDK(text)
		if err != nil {
			if sdkErr == nil {
				stricter++
			}
			continue
		}
		accepted++
		// The SDK percent-encodes non-ASCII characters in the attribute "source".
		source, err := url.PathUnescape(read.Source())
		sameSource := err == nil && source == got.Source || read.Source() == got.Source
		if sdkErr != nil || got.ID != read.ID() || got.Type != read.Type() || !sameSource {
			t.Errorf("%s: got %+v; the SDK reads %s, %v", text, got, read, sdkErr)
		}
	}
	t.Logf("accepted %d of %d; rejected %d that the SDK accepts",
		accepted, len(candidates()), stricter)
}

// The platform must accept every event that the SDK accepts, unless the event breaks a rule in
// notChecked.
func TestDecode_AcceptsEventsThatFollowTheSpecification(t *testing.T) {
	// notChecked lists prefixes of the platform's errors about rules that the SDK does not check.
	notChecked := []string{
		"The name of an attribute must contain only lower-case letters and digits",
		"An extension attribute must be a string, a boolean or a 32-bit integer",
		"The type of the CloudEvent must be a string that matches", // the platform's own rule
		`specversion must be "1.0"`,                // the SDK reads older versions
		"source must be a non-empty URI reference", // the SDK accepts spaces
		"subject must be a non-empty string", "time must be a time in RFC 3339 format",
		"dataschema must be an absolute URI", "datacontenttype must be a media type",
		"data_base64 must be a string in base64",
	}
	for _, text := range candidates() {
		_, err := pipeline.DecodeCloudEvent([]byte(text))
		if _, sdkErr := readBySDK(text); err == nil || sdkErr != nil {
			continue
		}
		explained := slices.ContainsFunc(notChecked, func(rule string) bool {
			return strings.HasPrefix(err.Error(), rule)
		})
		if !explained {
			t.Errorf("%s: the SDK accepts it, but the platform does not: %v", text, err)
		}
	}
}

func TestFormat_SplitsTheSDKsBatch(t *testing.T) {
	sent := slices.Collect(maps.Values(events(t)))
	request, err := cehttp.NewHTTPRequestFromEvents(t.Context(), "http://localhost", sent)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		t.Fatal(err)
	}
	headers := map[string]string{"content-type": request.Header.Get("Content-Type")}
	decoded, err := format.Decoder{MaxBytes: 1 << 20}.Decode(headers, body)
	if err != nil || !decoded.Batch || !decoded.CloudEvents || len(decoded.Events) != len(sent) {
		t.Fatalf("got %+v, %v", decoded, err)
	}
	for i, text := range decoded.Events {
		if _, err := pipeline.DecodeCloudEvent(text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		read, err := readBySDK(string(text))
		if err != nil {
			t.Fatal(err)
		}
		wantSame(t, read, sent[i])
	}
}
