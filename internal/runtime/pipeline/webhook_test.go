package pipeline_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// form contains the fields of an HTML form. One field is repeated, and one field contains JSON.
const form = "payload=%7B%22a%22%3A1%7D&x=2&x=1&empty=&sp+ace=%C3%A9"

func webhookRequest(t *testing.T, contentType, body string) pipeline.Request {
	t.Helper()
	w := pipeline.Webhook{
		Source: "slack", ContentType: contentType, Headers: map[string]string{"x-id": "7"},
	}
	payload, err := w.JSON([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return pipeline.Request{
		Body: []byte(body), Caller: "webhook:slack",
		Webhook: &pipeline.WebhookRequest{
			Webhook: w, Type: "slack.command", DeliveryKey: "id 1", Payload: payload,
		},
	}
}

func TestWebhook_KeepsTheBytesAndTheRequestUntilTheRecord(t *testing.T) {
	for _, c := range []struct{ contentType, body, want string }{
		{"application/json", ` {"b":1, "a":[]}`, `{"b":1,"a":[]}`},
		{pipeline.FormContentType, form,
			`{"empty":"","payload":"{\"a\":1}","sp ace":"é","x":["2","1"]}`},
	} {
		var w world
		req := webhookRequest(t, c.contentType, c.body)
		accepted, err := w.ingest().Accept(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		stored, err := w.bronze.Get(t.Context(), accepted.Event.Bronze.Key)
		if err != nil || string(stored) != c.body {
			t.Errorf("Bronze has %q, %v", stored, err)
		}
		want := &req.Webhook.Webhook
		w.worker().Process(t.Context(), []pipeline.Delivery{deliver(t, accepted.Event, "m")})
		item := w.wantStatus(t, accepted.Event.ID, pipeline.Processed)
		record := w.record(t, item)
		if string(record.Payload) != c.want {
			t.Errorf("the record has %s, want %s", record.Payload, c.want)
		}
		if diff := cmp.Diff(want, item.Webhook) + cmp.Diff(want, record.Webhook); diff != "" {
			t.Errorf("webhook of item and record differ (-want +got):\n%s", diff)
		}
	}
}

// Stripe's events contain a counter that changes when Stripe repeats a delivery.
func TestWebhook_ARepeatedDeliveryWithAnotherBodyIsADuplicate(t *testing.T) {
	for name, cache := range map[string]*pipeline.KeyCache{"in another process": nil,
		"in the same process": new(pipeline.KeyCache)} {
		t.Run(name, func(t *testing.T) {
			var w world
			in := w.ingest()
			in.KeyCache = cache
			first, err := in.Accept(t.Context(), webhookRequest(t, "application/json", `{"n":1}`))
			if err != nil {
				t.Fatal(err)
			}
			again, err := in.Accept(t.Context(), webhookRequest(t, "application/json", `{"n":2}`))
			if err != nil || !again.Duplicate || again.Event.SHA256 != first.Event.SHA256 {
				t.Errorf("got %+v, %v", again, err)
			}
			if keys := w.bronze.Keys(); len(keys) != 1 {
				t.Errorf("Bronze has %v", keys)
			}
		})
	}
}

func TestWebhook_RejectsInvalidPayloadsAndTypes(t *testing.T) {
	for name, c := range map[string]struct {
		payload, eventType string
		want               pipeline.Code
	}{
		"array":     {"[]", "demo", pipeline.NotAnObject},
		"no JSON":   {"x=1", "demo", pipeline.InvalidJSON},
		"duplicate": {`{"a":1,"a":2}`, "demo", pipeline.InvalidJSON},
		"empty":     {"", "demo", pipeline.EmptyBody},
		"no type":   {`{"n":1}`, "", pipeline.MissingEventType},
		"bad type":  {`{"n":1}`, "a/b", pipeline.InvalidEventType},
	} {
		var w world
		req := webhookRequest(t, "application/json", `{"n":1}`)
		req.Webhook.Payload, req.Webhook.Type = []byte(c.payload), c.eventType
		_, err := w.ingest().Accept(t.Context(), req)
		if got := pipeline.ErrorCode(err); err == nil || got != c.want {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
		if len(w.bronze.Keys()) != 0 {
			t.Errorf("%s: something was stored", name)
		}
	}
}

func TestWebhookJSON_RejectsInvalidForms(t *testing.T) {
	w := pipeline.Webhook{ContentType: pipeline.FormContentType}
	for _, body := range []string{"a=%zz", "a=%ff", "%ff=a", "a;b=1"} {
		if got, err := w.JSON([]byte(body)); pipeline.ErrorCode(err) != pipeline.InvalidForm {
			t.Errorf("%q: got %s, %v", body, got, err)
		}
	}
	var none *pipeline.Webhook
	if got, err := none.JSON([]byte("a=1")); err != nil || string(got) != "a=1" {
		t.Errorf("without a webhook: got %s, %v", got, err)
	}
}

// A replay of orphans must recognize forms, although the item with the Content-Type is lost.
func TestReplayOrphans_ProcessesForms(t *testing.T) {
	w := world{}
	w.bronze.Now = func() time.Time { return now }
	in := w.ingest()
	in.Items = failingItems{}
	req := webhookRequest(t, pipeline.FormContentType, form)
	req.Webhook.DeliveryKey = "" // so that the item is created last
	if _, err := in.Accept(t.Context(), req); err == nil {
		t.Fatal("accepted")
	}
	w.rename()
	r, replay := w.orphanReplayer()
	replay.Type = "slack.command"
	w.replay(t, r, replay)
	w.deliverSent(t, 0)
	item := w.wantStatus(t, id, pipeline.Processed)
	if got := string(w.record(t, item).Payload); got[:10] != `{"empty":"` {
		t.Errorf("got %s", got)
	}
}
