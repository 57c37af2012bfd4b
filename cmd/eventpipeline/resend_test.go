package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestResend_PostsThePayloadAgain(t *testing.T) {
	t.Parallel()
	const newID = "0199aaaa-0000-7000-8000-000000000002"
	d := deploy(t)
	posted := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		posted = r.URL.Path + " " + string(body)
		w.WriteHeader(http.StatusAccepted)
		io.WriteString(w, `{"status":"accepted","eventId":"`+newID+`"}`)
	}))
	t.Cleanup(server.Close)
	d.api = server.URL
	body := `{"eventType":"demo", "n":1}`
	id := d.accept(t, body)[0]
	code, out, errOut := d.run(t, "resend", id)
	if code != exitOK || out != newID+"\n" || posted != "/events "+body ||
		!strings.Contains(errOut, "status --aws "+d.url+" "+newID) {
		t.Errorf("exit code %d, printed %q, %q; posted %q", code, out, errOut, posted)
	}
	if code, _, _ := d.run(t, "resend", "--edit", id); code != exitUsage {
		t.Errorf("--edit without a terminal: exit code %d", code)
	}
	if code, _, _ := d.run(t, "resend", newID); code != exitFailure {
		t.Errorf("unknown event: exit code %d", code)
	}
}

func TestEditPayload_ReturnsWhatTheEditorSaved(t *testing.T) {
	t.Setenv("VISUAL", "")
	for editor, want := range map[string]string{
		"true": "", "sed -i s/1/2/": "{\n  \"n\": 2\n}\n",
	} {
		t.Setenv("EDITOR", editor)
		got, err := editPayload(t.Context(), []byte(`{"n":1}`))
		if err != nil || string(got) != want {
			t.Errorf("%s: %q, %v; want %q", editor, got, err, want)
		}
	}
	t.Setenv("EDITOR", "false")
	if _, err := editPayload(t.Context(), []byte(`{}`)); err == nil {
		t.Error("resend reports no error although the editor failed")
	}
}
