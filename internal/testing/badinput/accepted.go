package badinput

import (
	"slices"
	"strconv"
	"strings"
)

// acceptedCases returns cases with unusual but valid events.
func acceptedCases() []Case {
	return slices.Concat(
		inputs{
			{"only a type", `{"eventType":"demo"}`},
			{"white space of every kind", " \t\r\n{ \"eventType\" \t:\r\n \"demo\" } \n"},
			{"type last", `{"a":{"eventType":"other"},"eventType":"demo"}`},
			{"escaped type", `{"\u0065ventType":"\u0064\u0065mo"}`},
			{"type of one letter", `{"eventType":"A"}`},
			{"type of 64 characters", `{"eventType":"` + strings.Repeat("a", 64) + `"}`},
			{"type of every character", `{"eventType":"order.line_item-9"}`},
			{"type that looks like a file", `{"eventType":"a.json"}`},
			{"a body of the largest size", withSize(MaxPayloadBytes)},
			{"white space up to the limit",
				event + strings.Repeat(" ", MaxPayloadBytes-len(event))},
			{"many members", withMembers(manyMembers(20000))},
			{"many elements", withValue("[" + strings.Repeat("0,", 100000) + "0]")},
			{"a long key", withMembers(`"` + strings.Repeat("k", 100000) + `":1`)},
			{"arrays to the limit", nestedArrays(64)},
			{"objects to the limit", nestedObjects(64)},
			{"many arrays, not nested", withValue("[" + strings.Repeat("[],", 1000) + "{}]")},
			{"brackets in strings", withString(strings.Repeat("[{", 1000))},
		}.cases("accepted", bodyIs, 202, "", ""),
		inputs{
			{"zero", "0"}, {"minus zero", "-0"}, {"exponents", "[1E+2,1e-2,-1.5E0]"},
			{"the largest float", "1.7976931348623157e308"}, {"the smallest float", "5e-324"},
			{"rounds to zero", "1e-400"}, {"zero with a huge exponent", "0e999999999"},
			{"huge negative exponent", "1e-999999999"},
			{"309 digits", "1" + strings.Repeat("0", 308)},
			{"many decimals", "0." + strings.Repeat("1234567890", 1000)},
			{"more digits than a float holds", "9007199254740993"},
			{"literals", "[true,false,null]"},
		}.cases("number", withValue, 202, "", ""),
		inputs{
			{"every short escape", `\"\\\/\b\f\n\r\t`}, {"NUL", `\u0000`},
			{"escape", `\u001b[31mred`}, {"delete", "\x7f"},
			{"C1 control", "\u0085\u009b"}, {"line separators", "\u2028\u2029"},
			{"byte-order mark inside", "a\ufeffb"},
			{"noncharacters", "\ufffe\uffff\U0001fffe\U0010ffff"},
			{"replacement character", "\ufffd"}, {"escaped replacement character", `\ufffd\uFFFD`},
			{"pair", `\ud83d\ude00`}, {"pair in capitals", `\uD83D\uDE00`},
			{"pairs in a row", `\ud83d\ude00\ud83d\ude00`},
			{"lowest pair", `\ud800\udc00`}, {"highest pair", `\udbff\udfff`},
			{"escaped backslash before a lookalike escape", `\\ud83d`},
			{"two backslashes before an escape", `\\\\\ud83d\ude00`},
			{"code points next to the surrogates", `\ud7ff\ue000`},
			{"four bytes", "\U0001f469\u200d\U0001f680"},
			{"private use", "\ue000\U000f0000"},
			{"combining marks", "e\u0301" + strings.Repeat("\u0335", 100)},
			{"right to left", "\u202egpj.exe"}, {"tags", "\U000e0041"},
			{"every script", "Ωμέγα дом שלום مرحبا नमस्ते 汉字 かな 한글 ไทย"},
			{"log injection", `x\r\n{\"level\":\"ERROR\",\"msg\":\"forged\"}`},
			{"raw markup", "<script>alert(1)</script>&amp;"},
			{"SQL", "'; DROP TABLE events; --"}, {"JNDI", "${jndi:ldap://x/a}"},
			{"template", "{{7*7}} ${7*7} #{7*7}"},
			{"format verbs", "%s%n%d%x"}, {"shell", "$(reboot) `reboot` ; reboot"},
			{"path", "../../../../etc/passwd"}, {"a number as text", "1e999"},
		}.cases("string", withString, 202, "", ""),
		inputs{
			{"empty", `"":1`}, {"NUL", `"\u0000":1`},
			{"prototype", `"__proto__":{"admin":true},"constructor":1,"toString":2`},
			{"other case of the type", `"EventType":"x","EVENTTYPE":1,"eventtype":null`},
			{"composed and decomposed", "\"\u00e9\":1,\"e\u0301\":2"},
			{"pointer characters", `"/":1,"~":2,"~0":3,"~1":4`},
			{"same key in siblings", `"a":{"k":1},"b":{"k":1},"c":[{"k":1},{"k":1}]`},
			{"operators", `"$ne":null,"$where":"1"`},
			{"the platform's names",
				`"eventId":"x","status":"PROCESSED","s3Key":"../x","pk":"EVENT#1"`},
		}.cases("member", withMembers, 202, "", ""),
	)
}

func manyMembers(n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`"k` + strconv.Itoa(i) + `":0`)
	}
	return b.String()
}
