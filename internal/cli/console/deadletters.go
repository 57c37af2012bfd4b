package console

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/dlq"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/timeflag"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/activity"
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
	Jobs     []job
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

// previewData is the result of a dry run.
type previewData struct {
	Action    string // redrive or discard
	Count     int
	Rejected  int
	Hidden    int
	Truncated bool
	Kinds     []kindCount
}

type kindCount struct {
	dlq.Kind
	Count int
}

// maxDeadRows is the maximum number of messages in the list. The groups count all messages.
const maxDeadRows = 200

// deadLetterScan is the result of a scan of the DLQ.
type deadLetterScan struct {
	messages  []dlq.Message
	hidden    int
	truncated bool
	err       error
}

// maxScan is the maximum number of messages that a page scans. A scan hides the messages from other
// clients.
const maxScan = 10_000

// scanDeadLetters returns the messages in the DLQ. The console keeps the result for a short time,
// because each scan hides the messages from other clients.
func (v *view) scanDeadLetters(ctx context.Context) deadLetterScan {
	return cached(&v.cache, "dlq", 2*v.ttl(), func() deadLetterScan {
		v.scanning.Lock()
		defer v.scanning.Unlock()
		var found deadLetterScan
		scan := dlq.NewScan(v.Pipeline, time.Now(), maxScan)
		found.err = scan.Visit(context.WithoutCancel(ctx), func(m dlq.Message) error {
			found.messages = append(found.messages, m)
			return nil
		})
		found.hidden, found.truncated = scan.Hidden, scan.Truncated
		return found
	})
}

func (v *view) deadLetters(w http.ResponseWriter, r *http.Request) {
	v.showDeadLetters(w, r, nil)
}

func (v *view) showDeadLetters(w http.ResponseWriter, r *http.Request, preview *previewData) {
	values := r.URL.Query()
	data := deadLettersData{
		Query: values, Jobs: v.jobs.pageJobs("deadletters"), Busy: v.jobs.busy("deadletters"),
		Preview: preview, Command: v.command("dlq list"), path: v.path("deadletters"),
	}
	filter, err := readFilter(values)
	data.Filtered = !filter.Empty()
	if err != nil {
		data.Problem = visible(err.Error())
	}
	if !data.Busy { // a scan would hide messages from the job
		scan := v.scanDeadLetters(r.Context())
		if scan.err != nil {
			data.Problem = "The DLQ can't be read: " + visible(scan.err.Error())
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
				ID: visible(m.ID()), Code: visible(m.Code()), Type: visible(m.EventType),
				Status: string(m.Status), Reason: visible(m.Failure.Reason), At: m.FailureTime(),
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
		Code: visible(m.Code()), Type: visible(m.EventType),
		Path: v.path("deadletters") + "?" + query.Encode(),
	}
}

// filterFields lists the fields of a filter's form. The field "all" selects all messages.
var filterFields = []string{"ids", "code", "type", "status", "older", "newer", "all"}

// readFilter reads the filter from the fields of a form.
//
// It rejects unknown fields. If it ignored a misspelled field, a change could apply to all
// messages.
func readFilter(values url.Values) (dlq.Filter, error) {
	for name := range values {
		if !slices.Contains(filterFields, name) {
			return dlq.Filter{}, fmt.Errorf("unknown field %q in the filter", name)
		}
	}
	list := func(name string) []string {
		return strings.FieldsFunc(values.Get(name), func(r rune) bool {
			return r == ',' || r == ' ' || r == '\n' || r == '\t' || r == '\r'
		})
	}
	f := dlq.Filter{
		IDs: list("ids"), Codes: list("code"), Types: list("type"), Statuses: list("status"),
	}
	for _, code := range f.Codes {
		if !dlq.IsCode(code) {
			return f, fmt.Errorf("unknown code %q: docs/runbooks.md lists the codes", code)
		}
	}
	for _, id := range f.IDs {
		if err := checkID(id); err != nil {
			return f, err
		}
	}
	for name, age := range map[string]**time.Duration{
		"older": &f.OlderThan, "newer": &f.NewerThan,
	} {
		if text := strings.TrimSpace(values.Get(name)); text != "" {
			parsed, err := timeflag.ParseAge(text)
			if err != nil {
				return f, err
			}
			*age = &parsed
		}
	}
	return f, nil
}

// action is a change of dead letters, with its texts on the page.
type action struct {
	dlq.Action
	title, past string
}

// actions maps the name of each action in the console's URLs to the action.
var actions = map[string]action{
	"redrive": {dlq.Redrive, "Redrive", "Redriven"},
	"discard": {dlq.Discard, "Discard", "Discarded"},
}

// deadLetterPreview shows the result of a dry run.
func (v *view) deadLetterPreview(w http.ResponseWriter, r *http.Request) {
	action, ok := actions[r.PathValue("action")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	filter, err := readFilter(r.URL.Query())
	if err != nil {
		v.problemPage(w, r, "deadletters", http.StatusBadRequest, err)
		return
	}
	if v.jobs.busy("deadletters") {
		v.problemPage(w, r, "deadletters", http.StatusConflict, errBusy)
		return
	}
	change := v.newChange(action, filter)
	v.scanning.Lock()
	p, err := change.Preview(r.Context())
	v.scanning.Unlock()
	if err != nil {
		v.problemPage(w, r, "deadletters", http.StatusBadGateway, err)
		return
	}
	data := &previewData{
		Action: r.PathValue("action"), Count: p.Counts.Total(), Rejected: p.Rejected,
		Hidden: p.Hidden, Truncated: p.Truncated,
	}
	for _, kind := range p.Counts.Kinds() {
		n := p.Counts[kind]
		kind.Code, kind.EventType = visible(kind.Code), visible(kind.EventType)
		data.Kinds = append(data.Kinds, kindCount{kind, n})
	}
	v.showDeadLetters(w, r, data)
}

var errBusy = errors.New("a redrive or discard is running: wait until it ends, or stop it")

// changeDeadLetters starts a redrive or discard of the messages that the form selects.
func (v *view) changeDeadLetters(r *http.Request) (answer, error) {
	if err := r.ParseForm(); err != nil {
		return answer{}, err
	}
	filter, err := readFilter(r.Form)
	if err != nil {
		return answer{}, err
	}
	if filter.Empty() && r.Form.Get("all") == "" {
		return answer{}, errors.New("select messages with the filter, or tick \"all messages\"")
	}
	err = v.startChange(r.PathValue("action"), filter)
	return answer{Location: v.path("deadletters")}, err
}

func (v *view) newChange(a action, filter dlq.Filter) dlq.Change {
	return dlq.Change{Pipeline: v.Pipeline, Filter: filter, Begin: time.Now(), Action: a.Action}
}

// startChange starts a job that changes the selected messages.
func (v *view) startChange(name string, filter dlq.Filter) error {
	action, ok := actions[name]
	if !ok {
		return fmt.Errorf("unknown action %q", name)
	}
	change := v.newChange(action, filter)
	started := v.jobs.startUnlessBusy(v.server.ctx, job{
		Page: "deadletters", Kind: name, Title: action.title + " " + describeFilter(filter),
		run: func(ctx context.Context, update func(func(*job))) error {
			defer v.cache.forget("dlq")
			return v.change(ctx, name, change, update)
		},
	})
	if !started {
		return errBusy
	}
	return nil
}

func (v *view) change(
	ctx context.Context, name string, change dlq.Change, update func(func(*job)),
) error {
	v.scanning.Lock()
	defer v.scanning.Unlock()
	p, err := change.Preview(ctx)
	if err != nil {
		return err
	}
	if !p.Truncated { // otherwise the number of messages is unknown
		update(func(j *job) { j.Total = p.Counts.Total() })
	}
	result, err := change.Run(ctx, p.Selected, func(c dlq.Result, m dlq.Message, err error) {
		if err == nil && name == "redrive" {
			v.record("redriven", m.EventID, m.EventType)
		}
		update(func(j *job) {
			j.Done = c.Done + c.Failed
			if err != nil && len(j.Problems) < maxProblems {
				j.Problems = append(j.Problems, visible(m.ID()+": "+err.Error()))
			}
		})
	})
	update(func(j *job) {
		j.Results = []field{{actions[name].past, formatCount(result.Done)}}
		if result.Failed > 0 {
			j.Results = append(j.Results, field{"Failed", formatCount(result.Failed)})
		}
		if err == nil {
			j.Problems = append(j.Problems, unchecked(change.Filter, p, result)...)
		}
	})
	return err
}

// unchecked says which messages a change could not check. If the filter has ids and the change has
// found all of them, no other message matters.
func unchecked(f dlq.Filter, p dlq.Preview, result dlq.Result) (problems []string) {
	for _, id := range p.Missing {
		problems = append(problems, visible(id)+": no message in the DLQ has this id")
	}
	hidden := p.Hidden
	if p.Truncated {
		hidden = result.Hidden
	}
	allFound := len(f.IDs) > 0 && !p.Truncated && len(p.Missing) == 0
	if hidden > 0 && !allFound {
		problems = append(problems, plural(hidden, "message")+" not checked: received by "+
			"another client. Hidden messages become visible within five minutes.")
	}
	if lost := p.Counts.Total() - result.Done - result.Failed; lost > 0 && !p.Truncated {
		problems = append(problems, "Another client has deleted or received "+
			plural(lost, "message")+" in the meantime. Start again to check the DLQ.")
	}
	if result.Truncated {
		problems = append(problems, "The DLQ holds more than "+formatCount(dlq.MaxHeld)+
			" messages. Start again in five minutes to check the others.")
	}
	return problems
}

// record adds a step that the console itself has caused.
func (v *view) record(name, id, eventType string) {
	if v.server.o.Local && id != "" {
		v.server.journal.add(activity.Step{
			Time: v.server.o.Now(), Name: name, EventID: id, EventType: eventType, Source: "console",
		}, v.Slug)
	}
}

func describeFilter(f dlq.Filter) string {
	var parts []string
	if len(f.IDs) > 3 {
		parts = append(parts, plural(len(f.IDs), "id"))
	} else {
		parts = append(parts, f.IDs...)
	}
	for _, each := range []struct {
		name   string
		values []string
	}{{"code ", f.Codes}, {"type ", f.Types}, {"status ", f.Statuses}} {
		if len(each.values) > 0 {
			parts = append(parts, each.name+strings.Join(each.values, " or "))
		}
	}
	if f.OlderThan != nil {
		parts = append(parts, "older than "+f.OlderThan.String())
	}
	if f.NewerThan != nil {
		parts = append(parts, "newer than "+f.NewerThan.String())
	}
	if len(parts) == 0 {
		return "all messages"
	}
	return visible(strings.Join(parts, ", "))
}
