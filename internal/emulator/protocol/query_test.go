package protocol

import (
	"encoding/xml"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func TestQueryHandler_AnswersWithRequestID(t *testing.T) {
	type greetResult struct {
		XMLName xml.Name `xml:"GreetResult"`
		Text    string
	}
	greet := func(form url.Values) (any, error) {
		switch form.Get("Name") {
		case "":
			return nil, Errorf("NobodyException", "nobody is there")
		case "crash":
			return nil, errors.New("broken")
		}
		return greetResult{Text: "hello " + form.Get("Name")}, nil
	}
	h := QueryHandler{"Greet": {Namespace: "http://greetings", Result: greet}}
	for form, want := range map[string]string{
		"Action=Greet&Name=ann": `<GreetResponse xmlns="http://greetings">` +
			`<GreetResult><Text>hello ann</Text></GreetResult>` +
			`<ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata></GreetResponse>`,
		"Action=Greet": `<ErrorResponse><Error><Type>Sender</Type><Code>NobodyException</Code>` +
			`<Message>nobody is there</Message></Error><RequestId>ID</RequestId></ErrorResponse>`,
		"Action=Greet&Name=crash": `<ErrorResponse><Error><Type>Sender</Type>` +
			`<Code>InternalFailure</Code><Message>broken</Message></Error>` +
			`<RequestId>ID</RequestId></ErrorResponse>`,
	} {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		id := w.Header().Get("X-Amzn-Requestid")
		if got := w.Body.String(); id == "" || got != strings.Replace(want, "ID<", id+"<", 1) {
			t.Errorf("%s: request %q got %s", form, id, got)
		}
	}
}
