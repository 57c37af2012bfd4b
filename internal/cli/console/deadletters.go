package console

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/dlq"
)

// deadLettersData holds the content of the page of dead letters.
type deadLettersData struct {
	Groups   []group
	Rows     []deadRow
	Total    int // messages in the DLQ
	Matched  int
	Hidden   int
	Query    url.Values
	Filtered bool
	Problem  string
	Jobs     jobGroups
	Busy     bool
	Preview  *previewData // only set on the page of a dry run
	Command  string

	path string
}

// Link returns the address of the page with the current filter. If action is not "", Link returns
// the address of the action's dry run with this filter.
func (d deadLettersData) Link(action string) string {
	address := d.path
	if action != "" {
		address += "/" + action
	}
	if query := d.Query.Encode(); query != "" {
		address += "?" + query
	}
	return address
}

// group counts the messages with the same code and type.
type group struct {
	Code, Type string
	Count      int
	Oldest     time.Time
	Path       string // address of the page with only these messages
	Selected   bool
}

// deadRow describes a message in the list.
type deadRow struct {
	ID, Code, Type, Status, Reason string
	At                             time.Time
	Attempts                       int
	HasEvent                       bool
}

// maxDeadRows is the maximum number of messages in the list. The groups count all messages.
const maxDeadRows = 200

func (v *view) deadLetters(w http.ResponseWriter, r *http.Request) {
	v.showDeadLetters(w, r, nil)
}

func (v *view) showDeadLetters(w http.ResponseWriter, r *http.Request, preview *previewData) {
	values := r.URL.Query()
	data := deadLettersData{
		Query: values, Jobs: groupJobs(v.jobs.pageJobs("deadletters")),
		Busy:    v.jobs.busy("deadletters"),
		Preview: preview, Command: v.command("dlq list"), path: v.path("deadletters"),
	}
	filter, err := readFilter(values)
	data.Filtered = !filter.Empty()
	if err == nil {
		data.Command = v.command(listCommand(filter, values)...)
	}
	if err != nil {
		data.Problem = escape(err.Error())
	}
	if !data.Busy { // a scan would hide messages from the job
		scan := v.scanDeadLetters(r.Context())
		if scan.err != nil {
			data.Problem = "The DLQ can't be read: " + escape(scan.err.Error())
		}
		data.add(scan, filter, v)
	}
	p := page{Title: "Dead letters", Nav: "deadletters", Data: data}
	if preview == nil && (v.server.o.Local || data.Busy) {
		p.Live = "tick"
	}
	v.show(w, r, p)
}

func (d *deadLettersData) add(scan deadLetterScan, filter dlq.Filter, v *view) {
	d.Total, d.Hidden = len(scan.messages), scan.hidden
	if scan.truncated {
		d.Problem = cmp.Or(d.Problem, "The DLQ holds more than "+formatCount(maxScan)+
			" messages. The page counts and shows only the first ones.")
	}
	groups := map[[2]string]*group{}
	now := time.Now()
	messages := slices.Clone(scan.messages)
	slices.SortFunc(messages, func(a, b dlq.Message) int {
		return cmp.Or(b.FailureTime().Compare(a.FailureTime()), cmp.Compare(a.ID(), b.ID()))
	})
	for _, m := range messages {
		key := [2]string{m.Code(), m.EventType}
		isSelected := filter.Match(m, now)
		g := groups[key]
		if g == nil {
			g = v.newGroup(m)
			g.Selected = isSelected && !filter.Empty()
			groups[key] = g
		}
		g.Count++
		g.Oldest = m.FailureTime() // messages are sorted, the newest first
		if !isSelected {
			continue
		}
		d.Matched++
		if len(d.Rows) < maxDeadRows {
			d.Rows = append(d.Rows, deadRow{
				ID: escape(m.ID()), Code: escape(m.Code()), Type: escape(m.EventType),
				Status: string(m.Status), Reason: escape(m.Failure.Reason), At: m.FailureTime(),
				Attempts: m.Attempts, HasEvent: m.EventID != "",
			})
		}
	}
	for _, g := range groups {
		d.Groups = append(d.Groups, *g)
	}
	slices.SortFunc(d.Groups, func(a, b group) int {
		return cmp.Or(b.Count-a.Count, cmp.Compare(a.Code, b.Code), cmp.Compare(a.Type, b.Type))
	})
}

// newGroup returns the group of a message. Its count is 0.
func (v *view) newGroup(m dlq.Message) *group {
	query := url.Values{"code": {m.Code()}}
	if m.EventType != "" {
		query.Set("type", m.EventType)
	}
	return &group{
		Code: escape(m.Code()), Type: escape(m.EventType),
		Path: v.path("deadletters") + "?" + query.Encode(),
	}
}
