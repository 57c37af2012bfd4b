package console

import "net/http"

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
	Open bool
}

// maxRefusedViews limits the requests on the page.
const maxRefusedViews = 100

func (v *view) refused(w http.ResponseWriter, r *http.Request) {
	data := refusedData{Curl: v.exampleCurl(r.Context()), Command: v.logCommand()}
	for i, request := range v.server.journal.refusals(v.Slug) {
		if i == maxRefusedViews {
			break
		}
		view := refusedView{refusal: request, Tree: parseTree(request.Body), Open: i == 0}
		view.Tree.highlight(request.Pointers)
		view.Response = visible(view.Response)
		data.Requests = append(data.Requests, view)
	}
	live := ""
	if v.server.o.Local {
		live = "tick"
	}
	v.show(w, r, page{Title: "Refused requests", Nav: "refused", Live: live, Data: data})
}

// Number identifies the request on the page.
func (r refusal) Number() uint64 { return r.number }

// logCommand returns the command that prints the refused requests of a deployed pipeline.
func (v *view) logCommand() string {
	return "aws logs filter-log-events --log-group-name /aws/lambda/" + v.APIFunction +
		" --filter-pattern '\"request rejected\"'"
}
