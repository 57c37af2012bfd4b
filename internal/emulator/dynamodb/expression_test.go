package dynamodb

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParse_ReportsTheInvalidToken(t *testing.T) {
	for _, test := range []struct{ kind, text, want string }{
		{conditionExpression, "", "can not be empty"},
		{conditionExpression, "a =", `token: "<EOF>"`},
		{conditionExpression, "a = :v extra", `token: "extra"`},
		{conditionExpression, "a == :v", `token: "="`},
		{conditionExpression, "(a = :v", `token: "<EOF>"`},
		{conditionExpression, "a BETWEEN :v", `token: "<EOF>"`},
		{conditionExpression, "a IN :v", `token: ":v"`},
		{conditionExpression, "unheard_of(a)", `token: "("`},
		{conditionExpression, "attribute_exists(:v)", `token: ":v"`},
		{conditionExpression, "a[x] = :v", `token: "x"`},
		{conditionExpression, "a = 'x'", `token: "'"`},
		{conditionExpression, "#n.status = :v", "reserved keyword: status"},
		{updateExpression, "a = :v", `token: "a"`},
		{updateExpression, "SET a", `token: "<EOF>"`},
		{updateExpression, "SET a = :v SET b = :v", `"SET" section can only be used once`},
		{updateExpression, "ADD a b", `token: "b"`},
		{updateExpression, "REMOVE a,", `token: "<EOF>"`},
		{projectionExpression, "a b", `token: "b"`},
		{projectionExpression, "a, :v", `token: ":v"`},
	} {
		_, err := parse(test.kind, test.text)
		if err == nil || !strings.Contains(err.Error(), test.want) ||
			!strings.Contains(err.Error(), "Invalid "+test.kind) {
			t.Errorf("%s %q: got %v, want %s", test.kind, test.text, err, test.want)
		}
	}
}

func TestParse_TerminatesOnAnyInput(t *testing.T) {
	words := []string{
		"a", "#n", ":v", "size", "contains", "SET", "REMOVE", "ADD", "AND", "OR", "NOT", "IN",
		"BETWEEN", "if_not_exists", "list_append", "(", ")", "[", "]", "0", ".", ",", "=", "<>",
		"<", "+", "-", "é", "\x00",
	}
	rapid.Check(t, func(t *rapid.T) {
		drawn := rapid.SliceOfN(rapid.SampledFrom(words), 1, 12).Draw(t, "words")
		text := strings.Join(drawn, " ")
		kinds := []string{conditionExpression, updateExpression, projectionExpression}
		for _, kind := range kinds {
			e, err := parse(kind, text)
			if err == nil && kind == conditionExpression {
				e.condition.holds(scope{
					values: Item{":v": stringValue("x")}, names: map[string]string{"#n": "a"},
				})
			}
		}
	})
}

func TestParse_LimitsTheLength(t *testing.T) {
	const condition = "attribute_exists(a)"
	longest := condition + strings.Repeat(" ", maxExpression-len(condition))
	if _, err := parse(conditionExpression, longest); err != nil {
		t.Errorf("%d bytes: %v", len(longest), err)
	}
	if _, err := parse(conditionExpression, longest+" "); err == nil {
		t.Errorf("%d bytes: got no error", len(longest)+1)
	}
}

func TestExpressionCache_IsBounded(t *testing.T) {
	cache := expressionCache{entries: map[[2]string]*expression{}}
	for i := range 3 * maxCachedExpressions {
		if _, err := cache.parse(conditionExpression, fmt.Sprintf("a%d = :v", i)); err != nil {
			t.Fatal(err)
		}
		if len(cache.entries) > maxCachedExpressions {
			t.Fatalf("the cache contains %d expressions", len(cache.entries))
		}
	}
}

func TestUpdate_DoesNotChangeTheOldItem(t *testing.T) {
	old := func() Item {
		return Item{
			"n": numberValue("1"),
			"m": mapValue{"l": listValue{stringValue("a"), stringValue("b")}},
			"s": setValue{"SS", []string{"a", "c"}},
		}
	}
	for _, text := range []string{
		"SET n = n + :n", "SET m.l[0] = :n", "SET m.l[9] = :n",
		"SET m.l = list_append(m.l, m.l)", "SET m.x = :n", "REMOVE m.l[0]", "REMOVE n, m.l",
		"ADD n :n", "ADD s :s", "DELETE s :s",
	} {
		e, err := parse(updateExpression, text)
		if err != nil {
			t.Fatal(err)
		}
		item := old()
		values := Item{":n": numberValue("5"), ":s": setValue{"SS", []string{"a", "b"}}}
		changed, _, err := e.update.apply(scope{item: item, values: values})
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if !equal(mapValue(item), mapValue(old())) {
			t.Errorf("%s changed the old item to %v", text, item)
		}
		if equal(mapValue(changed), mapValue(old())) {
			t.Errorf("%s did not change the item", text)
		}
	}
}
