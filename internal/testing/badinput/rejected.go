package badinput

import (
	"slices"
	"strings"
)

// Bodies returns the cases of POST /events with JSON bodies.
func Bodies() []Case {
	return slices.Concat(acceptedCases(), notJSONCases(), notUnicodeCases(), ambiguousCases(),
		invalidEventCases())
}

// notJSONCases returns cases with bodies that violate the grammar of RFC 8259.
func notJSONCases() []Case {
	const code = "invalid-json"
	beforeType := func(text string) string { return `{"eventType":` + text + `"demo"}` }
	return slices.Concat(
		inputs{
			{"nothing", ""}, {"white space", " \t\r\n"},
		}.cases("empty", bodyIs, 400, "empty-body", ""),
		inputs{
			{"trailing comma", `{"eventType":"demo",}`}, {"leading comma", `{,"eventType":"demo"}`},
			{"two commas", `{"eventType":"demo",,"a":1}`},
			{"no comma", `{"eventType":"demo" "a":1}`}, {"no colon", `{"eventType" "demo"}`},
			{"two colons", `{"eventType"::"demo"}`},
			{"no value", `{"eventType":}`}, {"no key", `{:"demo"}`},
			{"key without value", `{"eventType"}`},
			{"single quotes", `{'eventType':'demo'}`}, {"no quotes", `{eventType:"demo"}`},
			{"curly quotes", `{“eventType”:“demo”}`},
			{"backquotes", "{`eventType`:`demo`}"}, {"number as key", `{1:"a","eventType":"demo"}`},
			{"line comment", "{\"eventType\":\"demo\"} // done"},
			{"block comment", `{/* a */"eventType":"demo"}`}, {"hash comment", "# a\n" + event},
			{"cut off in a key", `{"event`}, {"cut off in a value", `{"eventType":"de`},
			{"cut off after a value", `{"eventType":"demo"`},
			{"opening brace", `{`}, {"closing brace", `}`}, {"quote", `"`}, {"backslash", `\`},
			{"comma", `,`}, {"minus", `-`},
			{"one brace too many", event + "}"}, {"brackets that cross", withValue(`[{]}`)},
			{"parentheses", `("eventType":"demo")`},
			{"another object", event + event}, {"another line", event + "\n" + event},
			{"a number after the object", event + "1"},
			{"NUL after the object", event + "\x00"}, {"NUL before the object", "\x00" + event},
			{"record separator before the object", "\x1e" + event},
			{"byte-order mark after the object", event + "\ufeff"},
			{"JSONP", "f(" + event + ")"},
			{"XSSI prefix", ")]}',\n" + event},
			{"text", "hello"}, {"XML", "<eventType>demo</eventType>"}, {"YAML", "eventType: demo"},
			{"CSV", "eventType\ndemo\n"},
			{"form", "eventType=demo"},
			{"multipart", "--x\r\ncontent-type: application/json\r\n\r\n" + event + "\r\n--x--"},
			{"data URL", "data:application/json," + event}, {"HTML", "<!doctype html><p>" + event},
			{"10,001 levels", nestedArrays(10001)},
			{"100,000 open brackets", strings.Repeat("[", 100000)},
			{"100,000 open objects", strings.Repeat(`{"a":`, 100000)},
			{"a long string without end", `{"eventType":"` + strings.Repeat("a", 100000)},
		}.cases("syntax", bodyIs, 400, code, ""),
		inputs{
			{"NaN", "NaN"}, {"Infinity", "Infinity"}, {"minus Infinity", "-Infinity"},
			{"hexadecimal", "0x1F"}, {"octal", "017"}, {"binary", "0b1"},
			{"plus", "+1"}, {"no integer part", ".5"}, {"no fraction", "5."}, {"no exponent", "1e"},
			{"signed, no exponent", "1e+"}, {"two signs", "--1"},
			{"sign alone", "-"}, {"minus, leading zero", "-01"}, {"thousands", "1,000.5"},
			{"underscore", "1_000"}, {"two points", "1.2.3"},
			{"fraction in the exponent", "1e1.5"}, {"suffix", "1n"}, {"full-width digit", "１"},
			{"capital literal", "True"}, {"undefined", "undefined"},
			{"None", "None"}, {"literal cut off", "nul"}, {"literal too long", "nullx"},
			{"nothing", ""}, {"sum", "1+1"}, {"date", "2026-11-23"},
		}.cases("value", withValue, 400, code, ""),
		inputs{
			{"raw newline", "a\nb"}, {"raw tab", "\t"}, {"raw NUL", "\x00"},
			{"raw escape", "\x1b[0m"}, {"raw unit separator", "\x1f"},
			{`\x`, `\x41`}, {`\a`, `\a`}, {`\0`, `\0`}, {`\v`, `\v`}, {`\'`, `\'`},
			{`\U`, `\U0001f600`}, {`\u without digits`, `\u`},
			{`\u with three digits`, `\u12`}, {`\u with other letters`, `\u00zz`},
			{`\u{…}`, `\u{1f600}`}, {"line continuation", "a\\\nb"},
			{"backslash at the end", `\`},
		}.cases("string", withString, 400, code, ""),
		inputs{
			{"vertical tab", "\v"}, {"form feed", "\f"}, {"no-break space", "\u00a0"},
			{"next line", "\u0085"}, {"line separator", "\u2028"},
			{"ideographic space", "\u3000"}, {"zero-width space", "\u200b"}, {"backspace", "\b"},
		}.cases("white space", beforeType, 400, code, ""),
	)
}

// notUnicodeCases returns cases with bodies that are not UTF-8 or contain unpaired surrogates.
func notUnicodeCases() []Case {
	const code = "invalid-json"
	return slices.Concat(
		inputs{
			{"byte-order mark", "\ufeff" + `{"eventType":"demo"}`},
			{"byte-order mark alone", "\ufeff"},
			{"UTF-16 with mark", "\xff\xfe{\x00}\x00"},
			{"UTF-16", "{\x00\"\x00a\x00\"\x00:\x001\x00}\x00"},
			{"UTF-16, big-endian", "\x00{\x00}"},
			{"UTF-32", "{\x00\x00\x00}\x00\x00\x00"},
			{"gzip", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"},
			{"MessagePack", "\x81\xa9eventType\xa4demo"},
			{"CBOR", "\xa1ieventTypeddemo"}, {"PDF", "%PDF-1.7\n%\xe2\xe3\xcf\xd3"},
			{"one byte of noise", "\xff"},
			{"in a key", "{\"eventType\":\"demo\",\"\xff\":1}"},
			{"between members", "{\"eventType\":\"demo\"\xff}"},
			{"after the object", "{\"eventType\":\"demo\"}\xff"},
		}.cases("encoding", bodyIs, 400, code, ""),
		inputs{
			{"\\xff", "\xff"}, {"continuation alone", "\x80"}, {"two bytes, cut off", "\xc3"},
			{"three bytes, cut off", "\xe2\x82"},
			{"four bytes, cut off", "\xf0\x9f\x98"}, {"overlong slash", "\xc0\xaf"},
			{"overlong NUL", "\xc0\x80"}, {"overlong quote", "\xe0\x80\xa2"},
			{"high surrogate", "\xed\xa0\x80"}, {"CESU-8 pair", "\xed\xa0\xbd\xed\xb8\x80"},
			{"beyond U+10FFFF", "\xf4\x90\x80\x80"},
			{"five bytes", "\xf8\x88\x80\x80\x80"}, {"Latin-1", "caf\xe9"},
			{"Windows-1252", "\x93hello\x94"}, {"Shift JIS", "\x82\xa0"},
		}.cases("UTF-8", withString, 400, code, ""),
		inputs{
			{"high", `\ud83d`}, {"low", `\ude00`}, {"low before high", `\ude00\ud83d`},
			{"high twice", `\ud83d\ud83d\ude00`}, {"low twice", `\ud83d\ude00\ude00`},
			{"high before text", `\ud83dx`}, {"high before another escape", `\ud83d\n`},
			{"high before a quote", `\ud83d\"`}, {"high before a backslash", `\ud83d\\ude00`},
			{"high before a character", `\ud83d\u0041`}, {"capitals", `\uDBFF`},
			{"lowest", `\ud800`}, {"highest", `\uDFFF`}, {"after a pair", `\ud83d\ude00\ud83d`},
			{"after a backslash", `\\\ud83d`}, {"before a raw character", "\\ud83d\U0001f600"},
		}.cases("surrogate", withString, 400, code, "/a"),
		[]Case{
			postCase("surrogate: in a key", withMembers(`"a":{"\ud83d":1}`), 400, code, "/a"),
			postCase("surrogate: in an array", withValue(`["",{"b":["\udc00"]}]`),
				400, code, "/a/1/b/0"),
			postCase("surrogate: in the type", withType(`"demo\ud83d"`), 400, code, "/eventType"),
		},
	)
}

// ambiguousCases returns cases with JSON that parsers can interpret differently.
func ambiguousCases() []Case {
	invalid := func(name, body, pointer string) Case {
		return postCase(name, body, 400, "invalid-json", pointer)
	}
	number := func(name, body, pointer string) Case {
		return postCase("number: "+name, body, 400, "number-out-of-range", pointer)
	}
	return []Case{
		invalid("duplicate key: the type",
			`{"eventType":"demo","eventType":"other"}`, "/eventType"),
		invalid("duplicate key: eventType twice with the same value",
			`{"eventType":"demo","eventType":"demo"}`, "/eventType"),
		invalid("duplicate key: one of them escaped",
			`{"eventType":"demo","\u0065ventType":"other"}`, "/eventType"),
		invalid("duplicate key: far apart",
			withMembers(`"a":1,`+manyMembers(1000)+`,"a":2`), "/a"),
		invalid("duplicate key: empty", withMembers(`"":1,"":2`), "/"),
		invalid("duplicate key: in a nested object",
			withValue(`[{},{"b":{"x":1,"x":2}}]`), "/a/1/b/x"),
		invalid("duplicate key: pointer characters", withMembers(`"a/~":1,"a\/~":2`), "/a~1~0"),
		invalid("duplicate key: surrogate pair and character",
			withMembers("\"\\ud83d\\ude00\":1,\"\U0001f600\":2"), "/\U0001f600"),
		invalid("duplicate key: NUL", withMembers(`"\u0000":1,"\u0000":2`), "/\x00"),
		invalid("duplicate key: prototype",
			withMembers(`"__proto__":{},"__proto__":{"admin":true}`), "/__proto__"),
		invalid("duplicate key: in an object with a long key",
			withMembers(`"`+strings.Repeat("k", 1000)+`":{"a":1,"a":2}`), ""),
		invalid("depth: 65 arrays", nestedArrays(65), "/a"+strings.Repeat("/0", 63)),
		invalid("depth: 65 objects", nestedObjects(65), strings.Repeat("/a", 64)),
		invalid("depth: 9,999 arrays", nestedArrays(9999), "/a"+strings.Repeat("/0", 63)),
		number("1e309", withValue("1e309"), "/a"),
		number("-1e309", withValue("-1e309"), "/a"),
		number("1.8e308", withValue("1.8e308"), "/a"),
		number("the smallest that rounds to infinity", withValue("1.7976931348623159e308"), "/a"),
		number("huge exponent", withValue("1e999999999999999999999"), "/a"),
		number("310 digits", withValue("9"+strings.Repeat("0", 309)), "/a"),
		number("many digits", withValue(strings.Repeat("7", 100000)), "/a"),
		number("inside", withValue(`{"b":[1,{"c":1E+400}]}`), "/a/b/1/c"),
		number("as type", withType("1e999"), "/eventType"),
		number("before a missing type", `{"a":1e999}`, "/a"),
	}
}

// invalidEventCases returns cases with JSON that is not an object, has no valid type, or is too
// large.
func invalidEventCases() []Case {
	tooLarge := func(name, body string) Case {
		return postCase("size: "+name, body, 413, "payload-too-large", "")
	}
	return slices.Concat(
		inputs{
			{"string", `"{\"eventType\":\"demo\"}"`}, {"number", "1"}, {"large number", "1e999"},
			{"true", "true"}, {"null", "null"},
		}.cases("no object", bodyIs, 400, "not-an-object", ""),
		inputs{
			{"empty object", `{}`}, {"other capitals", `{"EventType":"demo"}`},
			{"lower case", `{"eventtype":"demo"}`}, {"snake", `{"event_type":"demo"}`},
			{"one level down", `{"event":{"eventType":"demo"}}`},
			{"space at the end", `{"eventType ":"demo"}`},
			{"NUL at the end", `{"eventType\u0000":"demo"}`},
			{"Cyrillic letter", `{"еventType":"demo"}`},
			{"zero-width space", "{\"event\u200bType\":\"demo\"}"}, {"empty key", `{"":"demo"}`},
		}.cases("no type", bodyIs, 422, "missing-event-type", ""),
		inputs{
			{"null", "null"}, {"true", "true"}, {"number", "7"}, {"array", `["demo"]`},
			{"empty array", "[]"}, {"object", `{"$ne":null}`},
			{"empty", `""`}, {"65 characters", `"` + strings.Repeat("a", 65) + `"`},
			{"100,000 characters", `"` + strings.Repeat("a", 100000) + `"`},
			{"digit first", `"1demo"`}, {"dot", `"."`}, {"two dots", `".."`},
			{"dot first", `".demo"`}, {"dash first", `"-demo"`}, {"underscore first", `"_demo"`},
			{"path up", `"../../etc/passwd"`}, {"slash", `"a/b"`}, {"escaped slash", `"a\/b"`},
			{"backslash", `"a\\b"`}, {"percent", `"a%2fb"`}, {"colon", `"a:b"`},
			{"space", `"a b"`}, {"space first", `" demo"`}, {"space last", `"demo "`},
			{"tab", `"a\tb"`}, {"newline last", `"demo\n"`}, {"second line", `"demo\r\nx: y"`},
			{"NUL", `"demo\u0000"`}, {"ANSI escape", `"\u001b[31mdemo"`}, {"quote", `"a\"b"`},
			{"markup", `"<script>"`}, {"JNDI", `"${jndi:ldap://x}"`},
			{"star", `"a*"`}, {"question mark", `"a?"`}, {"hash", `"a#b"`}, {"accent", `"démo"`},
			{"full-width", `"ｄｅｍｏ"`}, {"Cyrillic letter", `"dеmo"`},
			{"emoji", `"\ud83d\ude00"`}, {"right to left", "\"demo\u202e\""},
			{"zero-width joiner", "\"de\u200dmo\""}, {"Turkish i", `"ordeı"`},
			{"Kelvin sign", "\"\u212a\""},
		}.cases("type", withType, 422, "invalid-event-type", "/eventType"),
		[]Case{
			tooLarge("one byte more than allowed", withSize(MaxPayloadBytes+1)),
			tooLarge("white space", `{"eventType":"demo"}`+strings.Repeat(" ", MaxPayloadBytes)),
			tooLarge("not JSON", strings.Repeat("x", MaxPayloadBytes+1)),
			tooLarge("only white space", strings.Repeat(" ", 2*MaxPayloadBytes)),
		},
	)
}
