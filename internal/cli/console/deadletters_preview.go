package console

import (
	"net/http"
	"slices"
	"sync"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/dlq"
)

// previewData is the result of a dry run.
type previewData struct {
	ID        string // names the dry run in the form that starts the change
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

// dryRun holds the messages that a dry run has selected. The user can then change exactly these
// messages.
type dryRun struct {
	id      string
	name    string // redrive or discard
	change  dlq.Change
	preview dlq.Preview
}

// dryRuns keeps the latest dry runs, the newest last.
type dryRuns struct {
	mu   sync.Mutex
	list []dryRun
}

// maxDryRuns is the number of dry runs that the console keeps. A dry run can hold 10,000 ids.
const maxDryRuns = 10

func (d *dryRuns) add(run dryRun) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.list = append(d.list, run); len(d.list) > maxDryRuns {
		d.list = slices.Clone(d.list[1:])
	}
}

// take returns and removes the dry run with the id. Each dry run starts at most one change.
func (d *dryRuns) take(id string) (dryRun, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	i := slices.IndexFunc(d.list, func(run dryRun) bool { return run.id == id })
	if i < 0 {
		return dryRun{}, false
	}
	found := d.list[i]
	d.list = slices.Delete(d.list, i, i+1)
	return found, true
}

// deadLetterPreview makes a dry run, and shows the result.
func (v *view) deadLetterPreview(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("action")
	action, ok := actions[name]
	if !ok {
		v.notFound(w, r)
		return
	}
	const nav = "deadletters"
	filter, err := readFilter(r.URL.Query())
	if err != nil {
		v.showProblem(w, r, nav, pageProblem{http.StatusBadRequest, err,
			"Correct the filter on the page of dead letters."})
		return
	}
	if v.jobs.busy(nav) {
		v.showProblem(w, r, nav, pageProblem{http.StatusConflict, errBusy,
			"The page of dead letters shows its progress."})
		return
	}
	change := v.newChange(action, filter)
	v.scanning.Lock()
	p, err := change.Preview(r.Context())
	v.scanning.Unlock()
	if err != nil {
		v.showProblem(w, r, nav, pageProblem{http.StatusBadGateway, err, adviceForAWS})
		return
	}
	run := dryRun{newToken(), name, change, p}
	v.dryRuns.add(run)
	data := &previewData{
		ID: run.id, Action: name, Count: p.Counts.Total(), Rejected: p.Rejected,
		Hidden: p.Hidden, Truncated: p.Truncated,
	}
	for _, kind := range p.Counts.Kinds() {
		n := p.Counts[kind]
		kind.Code, kind.EventType = escape(kind.Code), escape(kind.EventType)
		data.Kinds = append(data.Kinds, kindCount{kind, n})
	}
	v.showDeadLetters(w, r, data)
}
