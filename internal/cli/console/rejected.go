package console

import (
	"errors"
	"net/http"
	"strconv"
)

// rejectedData holds the content of the page of rejected requests.
type rejectedData struct {
	Requests []rejectedView
	Curl     string
	Command  string
}

// rejectedView is a rejected request with its body as a tree.
type rejectedView struct {
	rejection
	Tree tree
	Note string // how much of the body the page shows
	Raw  string // path of the body as text
	Open bool
}

// Limits of the page.
const (
	maxRejectedViews = 100       // requests
	maxRejectedTree  = 16 << 10  // bytes of a body that the page shows in full
	maxRejectedStart = 2 << 10   // bytes that the page shows of a larger body
	maxRejectedTotal = 256 << 10 // bytes of all bodies; then the page shows the start of each body
)

// invalidEvent is an event that the API rejects, because it has no eventType.
const invalidEvent = `{"message":"hello"}`

func (v *view) rejected(w http.ResponseWriter, r *http.Request) {
	data := rejectedData{
		Curl: v.curl(r.Context(), []byte(invalidEvent)), Command: v.logCommand(),
	}
	total := 0
	for i, request := range v.server.journal.rejections(v.Slug) {
		if i == maxRejectedViews {
			break
		}
		shown := request.Body
		if len(shown) > maxRejectedTree || request.Bytes > len(shown) || total > maxRejectedTotal {
			shown = shown[:min(len(shown), maxRejectedStart)]
		}
		total += len(shown)
		view := rejectedView{
			rejection: request, Tree: parseTree(shown), Open: i == 0,
			Raw: v.path("refused", strconv.FormatUint(request.number, 10)),
		}
		if len(shown) < request.Bytes {
			view.Note = "The page shows the first " + formatBytes(len(shown)) + "."
		}
		if len(request.Body) < request.Bytes {
			view.Note += " The console keeps the first " + formatBytes(len(request.Body)) + "."
		}
		view.Tree.highlight(request.Pointers)
		response, rest := shorten(request.Response)
		if view.Response = escape(response); rest > 0 {
			view.Response += " and " + formatCount(rest) + " more characters"
		}
		data.Requests = append(data.Requests, view)
	}
	live := ""
	if v.server.o.Local {
		live = "tick"
	}
	v.show(w, r, page{Title: "Rejected requests", Nav: "refused", Live: live, Data: data})
}

// rejectedBody writes the body of a request as text.
func (v *view) rejectedBody(w http.ResponseWriter, r *http.Request) {
	for _, request := range v.server.journal.rejections(v.Slug) {
		if strconv.FormatUint(request.number, 10) == r.PathValue("number") {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			_, _ = w.Write(request.Body) // the browser can be gone
			return
		}
	}
	v.showProblem(w, r, "refused", pageProblem{http.StatusNotFound,
		errors.New("the console no longer keeps this request"),
		"The page of rejected requests shows the latest ones."})
}

// Number identifies the request on the page.
func (r rejection) Number() uint64 { return r.number }

// logCommand returns the command that prints the rejected requests of a deployed pipeline.
func (v *view) logCommand() string {
	return "aws logs filter-log-events --log-group-name /aws/lambda/" + v.APIFunction +
		" --filter-pattern '\"request rejected\"'"
}
