package lazyregexp

import "testing"

func TestRegexp_MatchesLikeItsExpression(t *testing.T) {
	r := New(`^a(b+)$`)
	if !r.MatchString("abb") || r.MatchString("a") || !r.Match([]byte("ab")) {
		t.Error("wrong match")
	}
	if got := r.ReplaceAllString("abb", "$1"); got != "bb" || r.String() != `^a(b+)$` {
		t.Errorf("got %s of %s", got, r)
	}
}

func TestNew_PanicsInATestIfTheExpressionIsInvalid(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	New(`(`)
}
