package eventbridge

import "testing"

const sample = `{
	"version": "0", "id": "1", "source": "eventpipeline", "detail-type": "EventProcessed",
	"resources": ["arn:a", "arn:b"],
	"detail": {
		"eventType": "order.created", "count": 300, "price": 12.5, "ok": true, "note": null,
		"empty": "", "none": [],
		"tags": ["red", "blue"], "file": "images/cat.PNG", "path": "a/b*c",
		"items": [{"sku": "x1", "qty": 1}, {"sku": "x2", "qty": 20, "gift": true}],
		"customer": {"tier": "gold"}, "city": "Zürich",
		"ip": "10.0.0.77", "ip6": "2001:0db8::00ff", "ips": ["192.0.2.1", "10.1.2.3"]
	}
}`

func TestPattern_MatchesAsDocumentedForEventBridge(t *testing.T) {
	for pattern, want := range map[string]bool{
		`{"source": ["eventpipeline"]}`:                                          true,
		`{"source": ["other", "eventpipeline"], "detail-type": ["EventFailed"]}`: false,
		`{"resources": ["arn:b"]}`:                                               true,
		`{"resources": ["arn:c"]}`:                                               false,

		`{"detail": {"customer": {"tier": ["gold"]}}}`: true,
		`{"detail": {"customer": ["gold"]}}`:           false,
		`{"detail": {"count": [300]}}`:                 true,
		`{"detail": {"count": ["300"]}}`:               false,
		`{"detail": {"count": [3.0e2]}}`:               false,
		`{"detail": {"ok": [true]}}`:                   true,
		`{"detail": {"ok": ["true"]}}`:                 false,
		`{"detail": {"note": [null]}}`:                 true,
		`{"detail": {"empty": [""]}}`:                  true,
		`{"detail": {"empty": [null]}}`:                false,

		`{"detail": {"eventType": [{"prefix": "order."}]}}`:                        true,
		`{"detail": {"eventType": [{"prefix": "Order."}]}}`:                        false,
		`{"detail": {"eventType": [{"prefix": {"equals-ignore-case": "ORDER"}}]}}`: true,
		`{"detail": {"count": [{"prefix": "3"}]}}`:                                 false,
		`{"detail": {"file": [{"suffix": ".png"}]}}`:                               false,
		`{"detail": {"file": [{"suffix": {"equals-ignore-case": ".png"}}]}}`:       true,
		`{"detail": {"customer": {"tier": [{"equals-ignore-case": "GOLD"}]}}}`:     true,

		`{"detail": {"customer": {"tier": [{"anything-but": "silver"}]}}}`:                  true,
		`{"detail": {"customer": {"tier": [{"anything-but": ["gold", "silver"]}]}}}`:        false,
		`{"detail": {"count": [{"anything-but": 300}]}}`:                                    false,
		`{"detail": {"count": [{"anything-but": [1, 2]}]}}`:                                 true,
		`{"detail": {"eventType": [{"anything-but": {"prefix": "order"}}]}}`:                false,
		`{"detail": {"eventType": [{"anything-but": {"suffix": ["updated", "deleted"]}}]}}`: true,
		`{"detail": {"eventType": [{"anything-but": {"wildcard": "*.created"}}]}}`:          false,

		`{"detail":{"customer":{"tier":[{"anything-but":{"equals-ignore-case":"Gold"}}]}}}`: false,

		`{"detail": {"absent": [{"anything-but": "x"}]}}`: false,

		`{"detail": {"count": [{"exists": true}]}}`:              true,
		`{"detail": {"note": [{"exists": true}]}}`:               true,
		`{"detail": {"customer": [{"exists": true}]}}`:           false,
		`{"detail": {"absent": [{"exists": true}]}}`:             false,
		`{"detail": {"absent": [{"exists": false}]}}`:            true,
		`{"detail": {"none": [{"exists": false}]}}`:              true,
		`{"detail": {"count": [{"exists": false}]}}`:             false,
		`{"detail": {"count": [{"exists": false}, 300]}}`:        true,
		`{"detail": {"absent": [{"exists": false}, 300]}}`:       true,
		`{"absent": {"a": {"b": [{"exists": false}]}}}`:          true,
		`{"absent": {"a": ["b"]}}`:                               false,
		`{"detail": {"items": {"colour": [{"exists": false}]}}}`: true,
		`{"detail": {"items": {"gift": [{"exists": false}]}}}`:   false,

		`{"detail": {"count": [{"numeric": ["=", 3.0e2]}]}}`:          true,
		`{"detail": {"price": [{"numeric": [">", 12, "<=", 12.5]}]}}`: true,
		`{"detail": {"price": [{"numeric": [">=", 12.6]}]}}`:          false,
		`{"detail": {"price": [{"numeric": ["<", 12.5]}]}}`:           false,
		`{"detail": {"eventType": [{"numeric": [">", 0]}]}}`:          false,

		`{"detail": {"tags": ["blue"]}}`:                             true,
		`{"detail": {"tags": [{"prefix": "gr"}, {"suffix": "ed"}]}}`: true,
		`{"detail": {"items": {"sku": ["x2"], "qty": [20]}}}`:        true,
		`{"detail": {"items": {"sku": ["x1"], "qty": [20]}}}`:        false,

		`{"detail": {"eventType": [{"wildcard": "order.*"}]}}`:         true,
		`{"detail": {"eventType": [{"wildcard": "*d*r*t*d"}]}}`:        true,
		`{"detail": {"eventType": [{"wildcard": "order"}]}}`:           false,
		`{"detail": {"eventType": [{"wildcard": "*order"}]}}`:          false,
		`{"detail": {"path": [{"wildcard": "a/b\\*c"}]}}`:              true,
		`{"detail": {"file": [{"wildcard": "images\\*cat*"}]}}`:        false,
		`{"detail": {"customer": {"tier": [{"wildcard": "gol*ld"}]}}}`: false,
		`{"detail": {"city": [{"wildcard": "Zü*ch"}]}}`:                true,
		`{"detail": {"city": [{"wildcard": "Z.rich"}]}}`:               false,

		`{"detail": {"ip": [{"cidr": "10.0.0.0/24"}]}}`:           true,
		`{"detail": {"ip": [{"cidr": "10.0.0.5/24"}]}}`:           true,
		`{"detail": {"ip": [{"cidr": "10.0.1.0/24"}]}}`:           false,
		`{"detail": {"ip": [{"cidr": "0.0.0.0/0"}]}}`:             true,
		`{"detail": {"ip": [{"cidr": "::/0"}]}}`:                  false,
		`{"detail": {"ip": [{"cidr": "::ffff:10.0.0.0/120"}]}}`:   false,
		`{"detail": {"ip6": [{"cidr": "2001:db8::/32"}]}}`:        true,
		`{"detail": {"ip6": [{"cidr": "2001:db9::/32"}]}}`:        false,
		`{"detail": {"ip6": ["2001:DB8::FF"]}}`:                   true,
		`{"detail": {"ip6": [{"anything-but": "2001:db8::ff"}]}}`: false,
		`{"detail": {"ips": [{"cidr": "10.0.0.0/8"}]}}`:           true,
		`{"detail": {"city": [{"cidr": "10.0.0.0/8"}]}}`:          false,
		`{"detail": {"count": [{"cidr": "10.0.0.0/8"}]}}`:         false,
		`{"detail": {"absent": [{"cidr": "10.0.0.0/8"}]}}`:        false,

		`{"detail": {"count": [{"anything-but": [1, 3.0e2]}]}}`:                    false,
		`{"detail": {"ok": [{"anything-but": "x"}]}}`:                              true,
		`{"detail": {"note": [{"anything-but": "x"}]}}`:                            true,
		`{"detail": {"path": [{"anything-but": {"wildcard": ["x", "*/b\\*c"]}}]}}`: false,

		`{"$or": [{"source": ["x"]}, {"detail": {"count": [300]}}]}`: true,
		`{"$or": [{"source": ["x"]}, {"detail": {"count": [1]}}]}`:   false,
		`{"source": ["eventpipeline"], "detail": {"ok": [true],
			"$or": [{"count": [1]}, {"customer": {"tier": ["gold"]}}]}}`: true,
		`{"source": ["eventpipeline"], "detail": {"ok": [false],
			"$or": [{"count": [1]}, {"customer": {"tier": ["gold"]}}]}}`: false,
	} {
		event, err := decode([]byte(sample))
		if err != nil {
			t.Fatal(err)
		}
		p, err := parsePattern([]byte(pattern))
		if err != nil {
			t.Errorf("%s: %v", pattern, err)
		} else if got := p.matches(event); got != want {
			t.Errorf("%s matches: %v, want %v", pattern, got, want)
		}
	}
}

func TestParsePattern_RejectsInvalidAndUnsupportedPatterns(t *testing.T) {
	for _, pattern := range []string{
		``, `{`, `[]`, `{}`, `"x"`, `{"a": ["b"]} {}`,
		`{"source": "eventpipeline"}`,
		`{"source": []}`,
		`{"source": {}}`,
		`{"source": [["x"]]}`,
		`{"source": [{}]}`,
		`{"source": [{"prefix": "a", "suffix": "b"}]}`,
		`{"source": [{"prefix": 1}]}`,
		`{"source": [{"prefix": {"equals-ignore-case": 1}}]}`,
		`{"source": [{"matches": "x"}]}`,
		`{"source": [{"cidr": "10.0.0.0"}]}`,
		`{"source": [{"cidr": "10.0.0.256/8"}]}`,
		`{"source": [{"cidr": "10.0.0.1/32"}]}`,
		`{"source": [{"cidr": "2001:db8::/128"}]}`,
		`{"source": [{"cidr": ["10.0.0.0/8"]}]}`,
		`{"source": [{"anything-but": null}]}`,
		`{"source": [{"anything-but": [1, "x"]}]}`,
		`{"source": [{"anything-but": {"prefix": ""}}]}`,
		`{"source": [{"anything-but": {"cidr": "10.0.0.0/8"}}]}`,
		`{"source": [{"exists": "yes"}]}`,
		`{"source": [{"anything-but": []}]}`,
		`{"source": [{"anything-but": {"numeric": ["=", 1]}}]}`,
		`{"source": [{"anything-but": {}}]}`,
		`{"source": [{"numeric": []}]}`,
		`{"source": [{"numeric": ["~", 1]}]}`,
		`{"source": [{"numeric": ["=", "1"]}]}`,
		`{"source": [{"numeric": ["=", 1, "<"]}]}`,
		`{"source": [{"wildcard": "a**b"}]}`,
		`{"source": [{"wildcard": "a\\b"}]}`,
		`{"$or": [{"source": ["x"]}]}`,
		`{"$or": ["x", "y"]}`,
		`{"$or": [{"source": ["x"]}, {"source": "y"}]}`,
	} {
		if _, err := parsePattern([]byte(pattern)); err == nil {
			t.Errorf("%s: got no error", pattern)
		}
	}
}
