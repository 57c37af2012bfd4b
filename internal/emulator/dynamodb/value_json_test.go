package dynamodb

import (
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// structValue has the fields of wireValue, but not its method UnmarshalJSONFrom. protocol.Decode
// decodes structValue like any other struct.
type structValue wireValue

func FuzzWireValue_DecodesLikeAStruct(f *testing.F) {
	for _, text := range []string{
		`{"S":"text"}`, `{"N":"1.50"}`, `{"B":"aGk="}`, `{"BOOL":true}`, `{"NULL":true}`,
		`{"M":{"a":{"S":"b"}}}`, `{"L":[{"S":"a"},{"N":"1"}]}`, `{"SS":["a"],"NS":["1"]}`,
		`{"BS":["aGk="]}`, `{"S":null}`, `{"S":1}`, `{"N":2}`, `{"s":"text"}`, `{"X":{}}`, `{}`,
		`null`, `"S"`, `[]`, `{"S":"a","S":"b"}`, `{"M":{"a":{"S":"b"}},"M":{"c":{"N":"1"}}}`,
		`{"S":"\ud800"}`, `{"S":"text"`, `{"S" "text"}`, `{"S":"text",}`, `{"L":null}`, ` { } `,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var got wireValue
		var want structValue
		gotErr, wantErr := protocol.Decode([]byte(text), &got), protocol.Decode([]byte(text), &want)
		if (gotErr == nil) != (wantErr == nil) {
			t.Fatalf("%s: got %v, want %v", text, gotErr, wantErr)
		}
		if wantErr == nil && !equalWire(&got, (*wireValue)(&want)) {
			t.Errorf("%s: got %+v, want %+v", text, got, want)
		}
	})
}

func equalWire(a, b *wireValue) bool {
	x, errX := a.decode(1)
	y, errY := b.decode(1)
	return (errX == nil) == (errY == nil) && (errX != nil || equal(x, y))
}
