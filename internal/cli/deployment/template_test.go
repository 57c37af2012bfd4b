package deployment

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
)

func TestTemplate_ReturnsTheTemplateOfTheStack(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.PostFormValue("Action") != "GetTemplate" || r.PostFormValue("StackName") != "shop" {
			w.WriteHeader(http.StatusBadRequest)
			io.WriteString(w, `<ErrorResponse><Error><Code>ValidationError</Code>`+
				`<Message>Stack with id other does not exist</Message></Error></ErrorResponse>`)
			return
		}
		io.WriteString(w, `<GetTemplateResponse><GetTemplateResult>`+
			`<TemplateBody>{"Resources":{}}</TemplateBody>`+
			`</GetTemplateResult></GetTemplateResponse>`)
	}))
	defer server.Close()
	cfg, err := LocalConfig(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	template, err := Template(t.Context(), cfg, "shop")
	if err != nil || string(template) != `{"Resources":{}}` {
		t.Errorf("got %s, %v", template, err)
	}
	if _, err := Template(t.Context(), cfg, "other"); err == nil ||
		!strings.Contains(err.Error(), "does not exist") {
		t.Errorf("another stack: %v", err)
	}
}
