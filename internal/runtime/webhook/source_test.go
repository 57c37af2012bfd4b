package webhook

import (
	"strings"
	"testing"
)

func TestValidate_FindsEachError(t *testing.T) {
	valid := HMAC{Header: "x-sig", EventTypePointer: "/type", DeliveryIDHeader: "x-id"}
	change := func(fn func(*HMAC)) Source {
		h := valid
		fn(&h)
		return Source{Name: "acme", Scheme: Generic, Prefix: "acme", HMAC: &h}
	}
	for _, c := range []struct {
		source Source
		want   string // option that the error names; "" if valid
	}{
		{change(func(*HMAC) {}), ""},
		{Source{Name: "github", Scheme: GitHub, Prefix: "github", Pings: true}, ""},
		{change(func(h *HMAC) { h.SignedContent = "{id}.{body}" }), ""},
		{Source{Name: "Git Hub", Scheme: GitHub}, "Name"},
		{Source{Name: "Git Hub", Scheme: GitHub, Prefix: "Git Hub"}, "Name"},
		{Source{Name: "", Scheme: GitHub}, "Name"},
		{Source{Name: "a/b", Scheme: GitHub}, "Name"},
		{Source{Name: "a", Scheme: "gitlab"}, "Scheme"},
		{Source{Name: "a", Scheme: GitHub, Prefix: "1"}, "TypePrefix"},
		{Source{Name: "a", Scheme: Stripe, Pings: true}, "Pings"},
		{Source{Name: "a", Scheme: GitHub, Headers: []string{"X-Upper"}}, "Headers"},
		{Source{Name: "a", Scheme: GitHub, Headers: []string{"x-hub-signature-256"}}, "Headers"},
		{Source{Name: "a", Scheme: Standard, Headers: []string{"svix-signature"}}, "Headers"},
		{Source{Name: "a", Scheme: GitHub, Headers: []string{"authorization"}}, "Headers"},
		{Source{Name: "a", Scheme: Generic}, "Hmac"},
		{change(func(h *HMAC) { h.Header = "" }), "Hmac.Header"},
		{change(func(h *HMAC) { h.Algorithm = "md5" }), "Hmac.Algorithm"},
		{change(func(h *HMAC) { h.Encoding = "rot13" }), "Hmac.Encoding"},
		{change(func(h *HMAC) { h.SignedContent = "{timestamp}.{body}" }), "Hmac.SignedContent"},
		{change(func(h *HMAC) { h.TimestampHeader = "x-time" }), "Hmac.SignedContent"},
		{change(func(h *HMAC) { h.SignedContent = "body" }), "Hmac.SignedContent"},
		{change(func(h *HMAC) { h.SignedContent = "{body}{body}" }), "Hmac.SignedContent"},
		{change(func(h *HMAC) { h.Tolerance = 60 }), "Hmac.Tolerance"},
		{change(func(h *HMAC) { h.EventTypePointer = "" }), "Hmac.EventType"},
		{change(func(h *HMAC) { h.EventTypePointer = "type" }), "Hmac.EventTypePointer"},
		{change(func(h *HMAC) { h.EventType = "constant" }), "Hmac.EventType"},
		{change(func(h *HMAC) { h.DeliveryIDHeader = "" }), "Hmac.DeliveryIdHeader"},
		{change(func(h *HMAC) { h.DeliveryIDPointer = "/id" }), "Hmac.DeliveryIdHeader"},
		{change(func(h *HMAC) { h.TimestampHeader = "bad header" }), "Hmac.TimestampHeader"},
	} {
		err := c.source.Validate()
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%+v: %v", c.source, err)
		case c.want != "" && (err == nil || !strings.Contains("\n"+err.Error(), "\n"+c.want)):
			t.Errorf("%+v: got %v, want an error about %s", c.source, err, c.want)
		}
	}
}
