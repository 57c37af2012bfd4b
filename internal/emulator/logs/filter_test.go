package logs

import "testing"

func TestFilter_MatchesAsCloudWatchDocuments(t *testing.T) {
	const text = `[ERROR 400] BAD REQUEST: Task timed out after 3.00 seconds, "quoted"`
	const record = `{
		"msg": "request failed", "status": "503", "code": 12.5, "ok": true, "none": null,
		"eventId": "a-1", "user": {"name": "ann", "first name": "Ann"}, "tags": ["red", "blue"],
		"items": [{"id": 1}, {"id": 2}]}`
	for _, c := range []struct {
		pattern, line string
		want          bool
	}{
		{"", text, true},
		{"ERROR", text, true},
		{"error", text, false},
		{"ERROR REQUEST", text, true},
		{"ERROR WARN", text, false},
		{`"timed out"`, text, true},
		{`"out timed"`, text, false},
		{`?WARN ?"timed out" ?Runtime`, text, true},
		{"?WARN ?panic", text, false},
		{"ERROR -WARN", text, true},
		{`ERROR -"BAD REQUEST"`, text, false},
		{"?WARN ERROR", text, true}, // ? is ignored next to another term
		{"?ERROR REQUIRED", text, false},
		{"-WARN", text, true},
		{`"\"quoted\""`, text, true},
		{`%[45]\d\d%`, text, true},
		{`%9\d\d%`, text, false},

		{`{ $.msg = "request failed" }`, record, true},
		{`{ $.msg = "request*" }`, record, true},
		{`{ $.msg = request }`, record, false},
		{`{$.msg=*failed}`, record, true},
		{`{ $.msg = %fa.+d% }`, record, true},
		{`{ $.msg != "request failed" }`, record, false},
		{`{ $.absent != "x" }`, record, false},
		{`{ $.status = "5*" }`, record, true},
		{`{ $.status = 503 }`, record, true},
		{`{ $.code = 12.50 }`, record, true},
		{`{ $.code > 12 }`, record, true},
		{`{ $.code >= 12.6 }`, record, false},
		{`{ $.msg < 5 }`, record, false},
		{`{ $.ok IS TRUE && $.none IS NULL }`, record, true},
		{`{ $.absent IS NULL }`, record, false},
		{`{ $.absent NOT EXISTS }`, record, true},
		{`{ $.none NOT EXISTS }`, record, false},
		{`{ $.user.name = "ann" }`, record, true},
		{`{ $['user']['first name'] = "Ann" }`, record, true},
		{`{ $.tags[1] = "blue" }`, record, true},
		{`{ $.tags[*] = "blue" }`, record, true},
		{`{ $.items[*].id = 2 }`, record, true},
		{`{ $.items[0].id = 2 }`, record, false},
		{`{ $.msg = "x" || $.code = 12.5 && $.ok IS FALSE }`, record, false},
		{`{ ($.msg = "x" || $.code = 12.5) && ($.ok IS TRUE) }`, record, true},
		{`{ $.msg = "request failed" }`, text, false},
	} {
		matches, err := parseFilter(c.pattern)
		if err != nil {
			t.Errorf("%s: %v", c.pattern, err)
		} else if got := matches(c.line); got != c.want {
			t.Errorf("%s matches %s: %v, want %v", c.pattern, c.line, got, c.want)
		}
	}
}

func TestParseFilter_RejectsInvalidPatterns(t *testing.T) {
	for _, pattern := range []string{
		"event-id", `"open`, "%(%", "[a, b]",
		"{", "{ }", "{ $.a }", "{ a = 1 }", "{ $.a = }", `{ $.a = "x" && }`, `{ ($.a = 1 }`,
		"{ $.a = 1 } x", "{ $.a IS 5 }", "{ $.a NOT 5 }", "{ $.a > x }", "{ $.a = %(% }",
		"{ $.a ~ 1 }", "{ $.a = 1 $.b = 2 }", "{ $.a = 1",
	} {
		if _, err := parseFilter(pattern); err == nil {
			t.Errorf("%s: got no error", pattern)
		}
	}
}
