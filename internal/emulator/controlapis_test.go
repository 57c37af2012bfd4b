package emulator

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestQueryHandler_ReturnsCallerIdentity(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("Action=GetCallerIdentity"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	queryHandler(DefaultAccount, nil).ServeHTTP(w, r)
	if w.Code != http.StatusOK ||
		!strings.Contains(w.Body.String(), "<Account>000000000000</Account>") {
		t.Errorf("HTTP %d %s", w.Code, w.Body)
	}
}
