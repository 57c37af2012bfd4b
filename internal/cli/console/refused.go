package console

import (
	"errors"
	"net/http"
	"strconv"
)

// refusedData holds the content of the page of refused requests.
type refusedData struct {
	Requests []refusedView
	Curl     string
	Command  string
}

// refusedView is a refused request with its body as a tree.
type refusedView struct {
	refusal
	Tree tree
	Note string // how much of the body the page shows
	Raw  string // path of the body as text
	Open bool
}

// Limits of the page.
const (
	maxRefusedViews = 100       // requests
	maxRefusedTree  = 16 << 10  // bytes of a body that the page shows in full
	maxRefusedStart = 2 << 10   // bytes that the page shows of a larger body
	maxRefusedTotal = 256 << 10 // bytes of all bodies; then the page shows the start of each body
)

// invalidEvent is an event that the API refuses, because it has no eventType.
const invalidEvent = `{"message":"hello"}`

func (v *view) refused(w http.ResponseWriter, r *http.Request) {
	data := refusedData{
		Curl: v.curl(r.Context(), []byte(invalidEvent)), Command: v.logCommand(),
	}
	total := 0
	for i, request := range v.server.journal.refusals(v.Slug) {
		if i == maxRefusedViews {
			break
		}
		shown := request.Body
		if len(shown) > maxRefusedTree || request.Bytes > len(shown) || total > maxRefusedTotal {
			shown = shown[:min(len(shown), maxRefusedStart)]
		}
		total += len(shown)
		view := refusedView{
			refusal: request, Tree: parseTree(shown), Open: i == 0,
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
	v.show(w, r, page{Title: "Refused requests", Nav: "refused", Live: live, Data: data})
}

// refusedBody writes the body of a request as text.
func (v *view) refusedBody(w http.ResponseWriter, r *http.Request) {
	for _, request := range v.server.journal.refusals(v.Slug) {
		if strconv.FormatUint(request.number, 10) == r.PathValue("number") {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			_, _ = w.Write(request.Body) // the browser can be gone
			return
		}
	}
	v.showProblem(w, r, "refused", pageProblem{http.StatusNotFound,
		errors.New("the console no longer keeps this request"),
		"The page of refused requests shows the latest ones."})
}

// Number identifies the request on the page.
func (r refusal) Number() uint64 { return r.number }

// logCommand returns the command that prints the refused requests of a deployed pipeline.
func (v *view) logCommand() string {
	return "aws logs filter-log-events --log-group-name /aws/lambda/" + v.APIFunction +
		" --filter-pattern '\"request rejected\"'"
}
