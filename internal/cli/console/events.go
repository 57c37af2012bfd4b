package console

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/events"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/timeflag"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// pageRows is the number of events that the list loads at once.
const pageRows = 500

// eventsData holds the content of the list of events.
type eventsData struct {
	Rows         []row
	Query        url.Values
	More         string // cursor of the next rows; "" if there are no more
	Types, Codes []string
	Filtered     bool // a search is active
	Problem      string
	Note         string
	Curl         string
	Seq          uint64 // number of the last change that the rows show
	Slow         bool   // the page loads the rows of a deployed pipeline later
}

// NoRow returns an empty row. The page's script copies it to show new events.
func (eventsData) NoRow() row { return row{} }

// Statuses returns the values of the status filter.
func (eventsData) Statuses() []string {
	return []string{
		string(pipeline.Enqueued), string(pipeline.Processed), string(pipeline.Failed),
		events.MarkFiltered, events.MarkRedriven, events.MarkReplayed,
	}
}

func (v *view) events(w http.ResponseWriter, r *http.Request) {
	values := r.URL.Query()
	if id := strings.TrimSpace(values.Get("q")); pipeline.ValidID(id) && values.Get("exact") == "" {
		http.Redirect(w, r, v.path("events", id), http.StatusSeeOther)
		return
	}
	q, err := readQuery(v.Slug, values)
	data := eventsData{
		Query: values, Filtered: isFiltered(values), Curl: v.exampleCurl(r.Context()),
		Seq: v.server.journal.lastChange(""), // before the rows, so that the stream misses none
	}
	if err != nil {
		data.Problem = escape(err.Error())
	}
	if v.server.o.Local {
		if err == nil {
			data.Rows, data.More = v.localRows(q, 0)
		}
		data.Types, data.Codes = v.server.journal.typesAndCodes(v.Slug)
	} else {
		data.Slow = true
		data.Types, _ = v.bronzeTypes(r.Context()) // only suggestions; the search reports the error
	}
	v.show(w, r, page{Title: "Events", Nav: "events", Data: data})
}

// rowsResponse is the response to a request for more rows.
type rowsResponse struct {
	Rows  []row  `json:"rows"`
	More  string `json:"more,omitempty"`
	Note  string `json:"note,omitempty"` // how far the search got
	Error string `json:"error,omitempty"`
}

func (v *view) eventRows(w http.ResponseWriter, r *http.Request) {
	q, err := readQuery(v.Slug, r.URL.Query())
	var found rowsResponse
	switch {
	case err != nil:
	case v.server.o.Local:
		before, _ := strconv.ParseUint(r.URL.Query().Get("before"), 10, 64) // 0: the newest
		found.Rows, found.More = v.localRows(q, before)
	default:
		found, err = v.searchBronze(r.Context(), q, r.URL.Query().Get("before"))
	}
	if err != nil {
		found.Error = escape(err.Error())
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(found) // the browser can be gone
}

// localRows returns the rows of the local platform that come after the cursor, but at most
// pageRows. next is the cursor of the next page, or "" if there are no more rows.
func (v *view) localRows(q query, cursor uint64) (rows []row, next string) {
	rows, more := v.server.journal.list(q, cursor, pageRows)
	if more {
		next = strconv.FormatUint(rows[len(rows)-1].Cursor, 10)
	}
	return rows, next
}

// filterNames lists the parameters of a search.
var filterNames = []string{"q", "type", "status", "caller", "code", "from", "to"}

func isFiltered(values url.Values) bool {
	for _, name := range filterNames {
		if values.Get(name) != "" {
			return true
		}
	}
	return false
}

// readQuery reads the search from a page's address.
func readQuery(slug string, values url.Values) (query, error) {
	get := func(name string) string { return strings.TrimSpace(values.Get(name)) }
	q := query{
		Pipeline: slug, Text: get("q"), Type: get("type"), Status: get("status"),
		Caller: get("caller"), Code: get("code"),
	}
	var err error
	now := time.Now()
	for name, at := range map[string]*time.Time{"from": &q.From, "to": &q.To} {
		if text := get(name); text != "" {
			if *at, err = parseTime(text, now); err != nil {
				return q, fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return q, nil
}

// parseTime parses the local time of an input field, or a time that the commands accept.
func parseTime(text string, now time.Time) (time.Time, error) {
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05"} {
		if t, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return t.UTC(), nil
		}
	}
	return timeflag.Parse(text, now)
}
