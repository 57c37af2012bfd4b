package webhook

import (
	"maps"
	"regexp"
	"strings"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

func TestEventType_MatchesThePattern(t *testing.T) {
	pattern := regexp.MustCompile(contract.EventTypePattern)
	source := Source{Name: "github", Scheme: GitHub, Prefix: "gh"}
	long := strings.Repeat("long.", 20)
	for name, want := range map[string]string{
		"push":                  "gh.push",
		"orders/create":         "gh.orders.create",
		"v2.account[x].updated": "gh.v2.account_x_.updated",
		"a,b c\x00é":            "gh.a_b_c__",
		"":                      "",
		long:                    "gh." + long[:52] + "-76900479",
	} {
		got := source.EventType(map[string]string{"x-github-event": name}, Payload{})
		if got != want || name != "" && !pattern.MatchString(got) {
			t.Errorf("%q: got %q (%d), want %q", name, got, len(got), want)
		}
	}
	withoutPrefix := Source{Scheme: GitHub}
	got := withoutPrefix.EventType(map[string]string{"x-github-event": "push"}, Payload{})
	if got != "push" {
		t.Errorf("without a prefix: got %q", got)
	}
}

func TestEventType_LongTypesStayDifferent(t *testing.T) {
	source := Source{Scheme: GitHub, Prefix: "gh"}
	long := strings.Repeat("x", 100)
	a := source.EventType(map[string]string{"x-github-event": long + "a"}, Payload{})
	b := source.EventType(map[string]string{"x-github-event": long + "b"}, Payload{})
	if a == b || len(a) != maxTypeLength {
		t.Errorf("got %q and %q", a, b)
	}
}

func TestSlack_TypesAndIDs(t *testing.T) {
	source := Source{Scheme: Slack, Prefix: "slack"}
	for payload, want := range map[string][2]string{
		`{"type":"event_callback","event_id":"Ev1","event":{"type":"app_mention"}}`: {
			"slack.app_mention", "id Ev1",
		},
		`{"payload":"{\"type\":\"block_actions\",\"trigger_id\":\"12.34\"}"}`: {
			"slack.block_actions", "id 12.34",
		},
		`{"command":"/weather","trigger_id":"5"}`: {"slack.slash_command", "id 5"},
		`{}`: {"", "body 44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"},
	} {
		gotType := source.EventType(nil, NewPayload([]byte(payload)))
		gotKey := source.DeliveryKey(nil, NewPayload([]byte(payload)))
		if gotType != want[0] || gotKey != want[1] {
			t.Errorf("%s: got %s, %s", payload, gotType, gotKey)
		}
	}
}

func TestChallenge_OnlyForSlack(t *testing.T) {
	payload := NewPayload(
		[]byte(`{"token":"x","type":"url_verification","challenge":"3eZbrw1a"}`))
	if got, ok := (Source{Scheme: Slack}).Challenge(payload); !ok || got != "3eZbrw1a" {
		t.Errorf("got %q, %t", got, ok)
	}
	if _, ok := (Source{Scheme: Stripe}).Challenge(payload); ok {
		t.Error("Stripe has no challenge")
	}
	event := NewPayload([]byte(`{"type":"event_callback"}`))
	if _, ok := (Source{Scheme: Slack}).Challenge(event); ok {
		t.Error("an event is not a challenge")
	}
}

func TestShopify_OneActionMayCauseSeveralWebhooks(t *testing.T) {
	f := fixtures[4]
	seen := map[string]bool{}
	for _, topic := range []string{"orders/create", "orders/updated"} {
		for _, body := range []string{`{"id":1}`, `{"id":2}`, `{"id":1}`} {
			headers := f.withHeader("x-shopify-topic", topic)
			seen[f.source.DeliveryKey(headers, NewPayload([]byte(body)))] = true
		}
	}
	if len(seen) != 4 {
		t.Errorf("got %d keys, want one for each topic and body", len(seen))
	}
}

func TestLookup(t *testing.T) {
	const payload = ` {"a":{"b":[{"c":"x"},7,-1.5e3,true,null]},"a/b":"slash","t~":"tilde",` +
		`"json":"{\"in\":{\"deep\":\"yes\"}}","list":"[\"one\"]","text":"plain","":"empty"}`
	for pointer, want := range map[string]string{
		"/a/b/0/c": "x", "/a/b/1": "7", "/a/b/2": "-1.5e3", "/a/b/3": "", "/a/b/4": "",
		"/a/b/5": "", "/a/b/-1": "", "/a/b": "", "/a~1b": "slash", "/t~0": "tilde",
		"/json/in/deep": "yes", "/list/0": "one", "/text/x": "", "/missing": "", "/": "empty",
		"/A/b/1": "",
	} {
		if got := NewPayload([]byte(payload)).lookup(pointer); got != want {
			t.Errorf("%s: got %q, want %q", pointer, got, want)
		}
	}
	for _, invalid := range []string{"", "[", `"`, "{", `{"a":`, "\xff", `{"a":{}`, "7"} {
		if got := NewPayload([]byte(invalid)).lookup("/a"); got != "" {
			t.Errorf("%q: got %q", invalid, got)
		}
	}
}

func TestKeptHeaders_FollowTheList(t *testing.T) {
	source := Source{Headers: []string{"x-github-hook-id", "x-absent", "x-odd"}}
	got := source.KeptHeaders(map[string]string{
		"x-github-hook-id": "292430182", "x-other": "no", "x-odd": "a\x00\x1b\ufffe\xffb",
	})
	want := map[string]string{"x-github-hook-id": "292430182", "x-odd": "a    b"}
	if !maps.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if got := (Source{}).KeptHeaders(map[string]string{"x": "y"}); got != nil {
		t.Errorf("got %q without a list", got)
	}
}

func TestIsPing(t *testing.T) {
	ping := map[string]string{"x-github-event": "ping"}
	if !(Source{Scheme: GitHub}).IsPing(ping) ||
		(Source{Scheme: GitHub, Pings: true}).IsPing(ping) ||
		(Source{Scheme: Stripe}).IsPing(ping) {
		t.Error("only GitHub has pings, and Pings turns them into events")
	}
}
