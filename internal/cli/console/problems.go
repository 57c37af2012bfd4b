package console

import (
	"errors"
	"net/http"
)

// pageProblem says why a page has no content, and what the user can do next.
type pageProblem struct {
	status int
	err    error
	advice string
}

// Advice for several pages.
const (
	adviceForAWS = "Load the page again. If the error remains, check the credentials with which " +
		"the console was started, and the state of AWS."
	adviceForID   = "Search for the event in the list of events."
	adviceForPage = "Choose a page above."
)

// problemData holds the content of the page of a problem.
type problemData struct{ Message, Advice string }

// showProblem renders a page with a problem as its content.
func (v *view) showProblem(w http.ResponseWriter, r *http.Request, nav string, p pageProblem) {
	title := "That did not work"
	if p.status == http.StatusNotFound {
		title = "Not found"
	}
	data := problemData{toSentence(escape(p.err.Error())), p.advice}
	v.show(w, r, page{Title: title, Nav: nav, Status: p.status, Data: data})
}

// notFound answers a request for a page that does not exist.
func (v *view) notFound(w http.ResponseWriter, r *http.Request) {
	if !isRead(r) {
		writeResponse(w, http.StatusNotFound, response{Error: "the console has no such action"})
		return
	}
	v.showProblem(w, r, "none", pageProblem{http.StatusNotFound,
		errors.New("the console has no such page"), adviceForPage})
}

// noEventError reports that the pipeline has no event with the id.
type noEventError struct{ id string }

func (e noEventError) Error() string {
	return "there is no event " + e.id + " in this pipeline; items expire after the pipeline's " +
		"StatusRetention"
}

// eventProblem returns the problem that the page of an event shows after the error.
func eventProblem(err error) pageProblem {
	var noEvent noEventError
	switch {
	case errors.Is(err, errInvalidID):
		return pageProblem{http.StatusBadRequest, err, adviceForID}
	case errors.As(err, &noEvent), errors.Is(err, errNoFile):
		return pageProblem{http.StatusNotFound, err, adviceForID}
	}
	return pageProblem{http.StatusBadGateway, err, adviceForAWS}
}

// plainPage is a page without the navigation bar.
type plainPage struct {
	Title, Text string
	Link        string // address that the page links to
	LinkText    string
}

// writePlainPage writes a page without the navigation bar.
func writePlainPage(w http.ResponseWriter, status int, page plainPage) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_ = templates.ExecuteTemplate(w, "plainPage", page) // the browser can be gone
}

// reject writes a plain page if the request is for a page. For other requests, it writes an
// error, which the page's script shows.
func reject(w http.ResponseWriter, r *http.Request, status int, page plainPage) {
	if !isRead(r) {
		writeResponse(w, status, response{Error: page.Title + ". " + page.Text})
		return
	}
	writePlainPage(w, status, page)
}

func isRead(r *http.Request) bool {
	return r.Method == http.MethodGet || r.Method == http.MethodHead
}
