package processor_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/event-driven-cloud-platform/eventpipeline/processor/processortest"
)

func TestJSON_MatchesNamesExactly(t *testing.T) {
	type money struct {
		Cents int `json:"cents"`
	}
	type order struct {
		money
		Test   bool   `json:"test"`
		Secret string `json:"-"`
		Task   string `json:"task"`
		Under  int    `json:"user_id"`
		NoTag  int
		Lines  []money        `json:"lines"`
		Prices map[string]int `json:"prices"`
	}
	for payload, want := range map[string]order{
		`"cents":350,"CENTS":-350`:                {money: money{350}},
		`"CENTS":-350,"cents":350`:                {money: money{350}},
		`"cent\u017f":-350`:                       {},
		`"\u0063ents":350`:                        {money: money{350}},
		`"Test":true`:                             {},
		`"tas\u212a":"a","TASK":"b"`:              {},
		`"taſk":"a","tasK":"b","task":"c"`:        {Task: "c"},
		`"Secret":"a","secret":"b","-":"c"`:       {},
		`"userId":1,"USER_ID":2,"user-id":3`:      {},
		`"notag":1,"NOTAG":2,"noTag":3`:           {},
		`"NoTag":1,"Notag":2`:                     {NoTag: 1},
		`"money":{"cents":350}`:                   {},
		`"lines":[{"Cents":-1,"cents":2}]`:        {Lines: []money{{2}}},
		`"prices":{"a":1,"A":2},"Prices":{"a":3}`: {Prices: map[string]int{"a": 1, "A": 2}},
	} {
		var got order
		result := processortest.Process(t.Context(), decodeInto(&got),
			`{"eventType":"order.created",`+payload+`}`)
		if result.Outcome != processortest.Filtered {
			t.Errorf("%s: got %s", payload, result)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(order{})); diff != "" {
			t.Errorf("%s: decoded (-want +got):\n%s", payload, diff)
		}
	}
}

// A schema matches the names of members exactly. The decoder must therefore set each field only
// from the member that the schema checked.
func TestJSON_ReceivesTheMembersThatASchemaChecks(t *testing.T) {
	type inner struct {
		Sk int `json:"sk"`
	}
	type outer struct {
		inner
		K     int              `json:"k"`
		KS    int              `json:"k_s"`
		S     *outer           `json:"s"`
		Skip  int              `json:"-"`
		List  []outer          `json:"ks"`
		Map   map[string]inner `json:"kk"`
		Kiss  int
		Other any `json:"ss"`
	}
	exact := map[string]bool{"sk": true, "k": true, "k_s": true, "s": true, "ks": true, "kk": true,
		"Kiss": true, "ss": true}
	rapid.Check(t, func(t *rapid.T) {
		var object func(depth int) (text string, known map[string]any)
		object = func(depth int) (string, map[string]any) {
			var members []string
			known := make(map[string]any)
			names := rapid.SliceOfNDistinct(rapid.OneOf(
				rapid.SampledFrom(slices.Sorted(maps.Keys(exact))),
				rapid.StringMatching(`[kKsS\x{17F}\x{212A}_i-]{1,4}`),
			), 0, 6, rapid.ID).Draw(t, "names")
			for _, name := range names {
				text, value := "7", any(7)
				switch {
				case depth == 0 && (name == "s" || name == "ks"):
					continue
				case name == "s":
					text, value = object(depth - 1)
				case name == "ks":
					element, decoded := object(depth - 1)
					text, value = "["+element+"]", []any{decoded}
				case name == "kk":
					text = `{"K":{"SK":1,"sk":2}}`
					value = map[string]any{"K": map[string]any{"sk": 2}}
				case !exact[name] && rapid.Bool().Draw(t, "object"):
					text = "{}"
				}
				quoted, _ := json.Marshal(name)
				if rapid.Bool().Draw(t, "escaped") {
					quoted = []byte(`"` + escapeAll(name) + `"`)
				}
				members = append(members, string(quoted)+":"+text)
				if exact[name] {
					known[name] = value
				}
			}
			return "{" + strings.Join(members, ",") + "}", known
		}
		text, known := object(2)
		cleaned, err := json.Marshal(known)
		if err != nil {
			t.Fatal(err)
		}
		var want, got outer
		if err := json.Unmarshal(cleaned, &want); err != nil {
			t.Fatal(err)
		}
		text = `{"eventType":"x",` + text[1:]
		text = strings.Replace(text, ",}", "}", 1)
		result := processortest.Process(t.Context(), decodeInto(&got), text)
		if result.Outcome != processortest.Filtered {
			t.Fatalf("%s: got %s", text, result)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(outer{})); diff != "" {
			t.Errorf("%s: decoded (-want +got):\n%s", text, diff)
		}
	})
}

// escapeAll replaces each character of a name by its escape, such as \u0061.
func escapeAll(name string) string {
	var text strings.Builder
	for _, r := range name {
		fmt.Fprintf(&text, `\u%04x`, r)
	}
	return text.String()
}
