package processor_test

import (
	"context"
	"encoding/json"
	"errors"
	"math/big"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/processor"
	"github.com/event-driven-cloud-platform/eventpipeline/processor/processortest"
)

// ratio has its own decoding method for strings. The method rejects every string.
type ratio struct{}

func (*ratio) UnmarshalText([]byte) error { return errors.New("invalid ratio") }

// secret rejects every value with an error that contains the value.
type secret struct{}

func (*secret) UnmarshalJSON(data []byte) error { return errors.New("invalid: " + string(data)) }

type embedded struct {
	Deep int8 `json:"deep"`
}

// payloadType has a field of each kind that JSON can decode.
type payloadType struct {
	embedded
	Int8     int8                      `json:"int8"`
	Int64    int64                     `json:"int64"`
	Uint     uint16                    `json:"uint"`
	Uint64   uint64                    `json:"uint64"`
	Float32  float32                   `json:"float32"`
	Float64  float64                   `json:"float64"`
	Flag     *bool                     `json:"flag"`
	Text     string                    `json:"text"`
	Quoted   int                       `json:"quoted,string"`
	QuotedOn *bool                     `json:"quotedOn,string"`
	Inner    string                    `json:"inner,omitempty,string"`
	Number   json.Number               `json:"number"`
	Big      *big.Int                  `json:"big"`
	BigFloat big.Float                 `json:"bigFloat"`
	Addr     netip.Addr                `json:"addr"`
	At       time.Time                 `json:"at"`
	Wait     time.Duration             `json:"wait"`
	Data     []byte                    `json:"data"`
	Pair     [2]int                    `json:"pair"`
	Digest   [2]byte                   `json:"digest"`
	List     []struct{ Flag bool }     `json:"list"`
	Map      map[string]embedded       `json:"map"`
	ByInt    map[int8]string           `json:"byInt"`
	ByAddr   map[netip.Addr]string     `json:"byAddr"`
	Nested   map[string]map[string]int `json:"nested"`
	Ratio    ratio                     `json:"ratio"`
	Secret   secret                    `json:"secret"`
	Channel  chan int                  `json:"channel"`
	Ignored  int8                      `json:"-"`
	NoTag    int8
	Raw      json.RawMessage `json:"raw"`
	Any      any             `json:"any"`
}

func TestJSON_NamesThePlaceAndBothSidesOfAMismatch(t *testing.T) {
	const (
		int8s       = "an integer from -128 to 127"
		int64s      = "an integer from -9223372036854775808 to 9223372036854775807"
		rfc3339     = "a time in the format of RFC 3339, such as 2026-11-23T07:30:00Z"
		outside     = ", got a number outside this range"
		fraction    = ", got a number with a fraction or an exponent"
		otherString = ", got another string"
	)
	for payload, want := range map[string]string{
		`"int8":300`:                  "/int8 must be " + int8s + outside,
		`"int8":-129`:                 "/int8 must be " + int8s + outside,
		`"int8":42.5`:                 "/int8 must be " + int8s + fraction,
		`"int8":1e1`:                  "/int8 must be " + int8s + fraction,
		`"int8":"hunter2"`:            "/int8 must be " + int8s + ", got a string",
		`"int8":true`:                 "/int8 must be " + int8s + ", got a boolean",
		`"int64":9223372036854775808`: "/int64 must be " + int64s + outside,
		`"uint":-1`:                   "/uint must be an integer from 0 to 65535" + outside,
		`"uint64":18446744073709551616`: "/uint64 must be " +
			"an integer from 0 to 18446744073709551615" + outside,
		`"float32":1e300`: "/float32 must be " +
			"a number in the range of float32" + outside,
		`"float64":"hunter2"`: "/float64 must be " +
			"a number in the range of float64, got a string",
		`"flag":"hunter2"`: "/flag must be a boolean, got a string",
		`"text":4242`:      "/text must be a string, got a number",
		`"quoted":42`: "/quoted must be " +
			"a string that contains " + int64s + ", got a number",
		`"quoted":"hunter2"`: "/quoted must be " +
			"a string that contains " + int64s + otherString,
		`"quotedOn":4242`:      "/quotedOn must be a string that contains a boolean, got a number",
		`"inner":"hunter2"`:    "/inner must be a string that contains a string" + otherString,
		`"quotedOn":true`:      "/quotedOn must be a string that contains a boolean, got a boolean",
		`"quotedOn":"hunter2"`: "/quotedOn must be a string that contains a boolean" + otherString,
		`"flag":4242`:          "/flag must be a boolean, got a number",
		`"number":"hunter2"`:   "/number must be a number" + otherString,
		`"number":" 1"`:        "/number must be a number" + otherString,
		`"number":false`:       "/number must be a number, got a boolean",
		`"number":{}`:          "/number must be a number, got an object",
		`"big":4242.5`:         "/big must be an integer, got another number",
		`"big":"hunter2"`:      "/big must be an integer, got a string",
		`"bigFloat":"hunter2"`: "/bigFloat must be " +
			"a string that is a valid big.Float" + otherString,
		`"bigFloat":42.5`: "/bigFloat must be " +
			"a string that is a valid big.Float, got a number",
		`"addr":"hunter2"`: "/addr must be " +
			"a string that is a valid netip.Addr" + otherString,
		`"addr":4242`: "/addr must be " +
			"a string that is a valid netip.Addr, got a number",
		`"addr":["hunter2"]`: "/addr must be " +
			"a string that is a valid netip.Addr, got an array",
		`"at":"hunter2"`: "/at must be " + rfc3339 + otherString,
		`"at":4242`:      "/at must be " + rfc3339 + ", got a number",
		`"wait":"42s"`: "/wait must be " +
			"an integer, the number of nanoseconds, got a string",
		`"wait":42.5`: "/wait must be " +
			"an integer, the number of nanoseconds" + fraction,
		`"data":"hunter2"`: "/data must be a string in base64" + otherString,
		`"data":4242`:      "/data must be a string in base64, got a number",
		`"pair":[1]`: "/pair must be " +
			"an array of length 2, got an array of another length",
		`"pair":[1,2,3]`: "/pair must be " +
			"an array of length 2, got an array of another length",
		`"pair":[1,"hunter2"]`:             "/pair/1 must be " + int64s + ", got a string",
		`"digest":"aGk="`:                  "/digest must be an array of length 2, got a string",
		`"digest":[1,300]`:                 "/digest/1 must be an integer from 0 to 255" + outside,
		`"list":{}`:                        "/list must be an array, got an object",
		`"list":[{},{"Flag":4242}]`:        "/list/1/Flag must be a boolean, got a number",
		`"map":[]`:                         "/map must be an object, got an array",
		`"map":{"hunter2":{"deep":""}}`:    "/map/*/deep must be " + int8s + ", got a string",
		`"nested":{"hunter2":{"4242":{}}}`: "/nested/*/* must be " + int64s + ", got an object",
		`"byInt":{"hunter2":""}`: "the key /byInt/* must be " +
			"a string that contains " + int8s + otherString,
		`"byInt":{"4242" : ""}`: "the key /byInt/* must be " +
			"a string that contains " + int8s + otherString,
		`"byInt":{"42":{}}`: "/byInt/* must be a string, got an object",
		`"byAddr":{"hunter2":""}`: "the key /byAddr/* must be " +
			"a string that is a valid netip.Addr" + otherString,
		`"ratio":"hunter2"`: "/ratio must be " +
			"a string that is a valid processor_test.ratio" + otherString,
		`"secret":"hunter2"`: "/secret must be " +
			"a valid processor_test.secret" + otherString,
		`"secret":null`: "/secret must be " +
			"a valid processor_test.secret, got null",
		`"channel":4242`: "/channel must be " +
			"absent, because the Go type chan int can't be decoded, got a value",
		`"deep":300`:  "/deep must be " + int8s + outside,
		`"NoTag":300`: "/NoTag must be " + int8s + outside,
	} {
		got := processortest.Process(t.Context(), decodeInto[payloadType](nil),
			`{"eventType":"x",`+payload+`}`)
		want = "The payload does not match the processor's type: " + want + "."
		if got.Code != "rejected.invalid-payload" || got.Reason != want {
			t.Errorf("%s:\n got %s\nwant %s", payload, got, want)
		}
		if text := got.Reason + got.Err.Error(); strings.Contains(text, "hunter2") ||
			strings.Contains(text, "42") {
			t.Errorf("%s: the error contains the value: %s", payload, text)
		}
	}
}

func TestJSON_NamesThePayloadIfItsTypeIsNoObject(t *testing.T) {
	got := processortest.Process(t.Context(), decodeInto[[]string](nil), `{"eventType":"x"}`)
	if want := "the payload must be an array, got an object"; !strings.Contains(got.Reason, want) {
		t.Errorf("got %s, want %q", got, want)
	}
}

func TestJSON_AcceptsValuesThatMatch(t *testing.T) {
	for payload, holds := range map[string]func(payloadType) bool{
		`"int8":-128`:      func(p payloadType) bool { return p.Int8 == -128 },
		`"int8":null`:      func(p payloadType) bool { return p.Int8 == 0 },
		`"text":null`:      func(p payloadType) bool { return p.Text == "" },
		`"flag":null`:      func(p payloadType) bool { return p.Flag == nil },
		`"addr":null`:      func(p payloadType) bool { return !p.Addr.IsValid() },
		`"at":null`:        func(p payloadType) bool { return p.At.IsZero() },
		`"pair":null`:      func(p payloadType) bool { return p.Pair == [2]int{} },
		`"number":null`:    func(p payloadType) bool { return p.Number == "" },
		`"number":12.50`:   func(p payloadType) bool { return p.Number == "12.50" },
		`"number":"12.50"`: func(p payloadType) bool { return p.Number == "12.50" },
		`"quoted":"12"`:    func(p payloadType) bool { return p.Quoted == 12 },
		`"big":9007199254740993`: func(p payloadType) bool {
			return p.Big.String() == "9007199254740993"
		},
		`"addr":"192.0.2.1"`: func(p payloadType) bool { return p.Addr.Is4() },
		`"wait":1000`:        func(p payloadType) bool { return p.Wait == time.Microsecond },
		`"data":"aGk="`:      func(p payloadType) bool { return string(p.Data) == "hi" },
		`"digest":[1,2]`:     func(p payloadType) bool { return p.Digest == [2]byte{1, 2} },
		`"byInt":{"-1":"a"}`: func(p payloadType) bool { return p.ByInt[-1] == "a" },
		`"unknown":{"a":1}`:  func(p payloadType) bool { return p.Any == nil },
		`"any":{"Int8":1}`:   func(p payloadType) bool { return p.Any != nil && p.Int8 == 0 },
	} {
		var decoded payloadType
		got := processortest.Process(t.Context(), decodeInto(&decoded),
			`{"eventType":"x",`+payload+`}`)
		if got.Outcome != processortest.Filtered || !holds(decoded) {
			t.Errorf("%s: got %s, decoded %+v", payload, got, decoded)
		}
	}
}

func TestJSON_PanicsIfATagHasAnUnsupportedOption(t *testing.T) {
	type ignoresCase struct {
		Cents int `json:"cents,omitempty,case:ignore"`
	}
	type formatted struct {
		Wait time.Duration `json:",format:units"`
	}
	type recursive struct {
		Next  *recursive                   `json:"next"`
		Inner map[string][]*[1]ignoresCase `json:"inner"`
	}
	for name, create := range map[string]func(){
		"Cents in type processor_test.ignoresCase": func() { decodeInto[ignoresCase](nil) },
		"Wait in type processor_test.formatted":    func() { decodeInto[*formatted](nil) },
		"Cents in type":                            func() { decodeInto[recursive](nil) },
	} {
		func() {
			defer func() {
				if text, _ := recover().(string); !strings.Contains(text, name) {
					t.Errorf("got the panic %q, want one with %q", text, name)
				}
			}()
			create()
		}()
	}
}

// decodeInto returns a Func that stores the decoded payload in *decoded, if decoded is not nil.
func decodeInto[T any](decoded *T) processor.Func {
	return processor.JSON(func(
		_ context.Context, _ processor.Event, payload T,
	) (processor.Record, error) {
		if decoded != nil {
			*decoded = payload
		}
		return processor.Filter("accepted", "the payload matches"), nil
	})
}
