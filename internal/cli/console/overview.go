package console

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// overviewData holds the content of the overview.
type overviewData struct {
	Flow   []flow // the picture for wide and for narrow pages
	Cards  []card
	Charts []chart
	Alarms []alarm
	Note   string // what the page can't show
	// IsPending reports whether CloudWatch has not answered yet.
	IsPending bool
	Empty     bool // no event was accepted
	Curl      string
}

// card is a number on the overview, with a label and a note.
type card struct {
	Name, Value, Note string
	Tone              string // "", good, warn or bad
	Path              string
}

// alarm describes an alarm in the state ALARM.
type alarm struct {
	Name, Text string
	Runbook    string // section of docs/runbooks.md
}

// Link returns the address of the alarm's runbook.
func (a alarm) Link() string {
	return "https://github.com/event-driven-cloud-platform/eventpipeline/blob/main/" +
		"docs/runbooks.md#" + a.Runbook
}

func (v *view) overview(w http.ResponseWriter, r *http.Request) {
	if !v.server.o.Local {
		v.loadOverview(r.Context())
	}
	m := v.measure(r.Context())
	data := overviewData{
		Flow: []flow{wideFlow(m), narrowFlow(m)}, Charts: m.charts(), Alarms: m.alarms,
		Note: m.note, IsPending: m.isPending, Curl: v.exampleCurl(r.Context()),
	}
	latencyNote := "from receipt to PROCESSED"
	if !v.server.o.Local {
		sample := v.sampleLatencies(r.Context())
		m.p50, m.p99, latencyNote = sample.p50, sample.p99, sample.note
	}
	data.Cards = []card{
		{Name: "In the queue", Value: m.countOrDash(m.queue.Known, m.queue.Waiting+m.queue.Delayed),
			Note: "messages wait for the worker"},
		{Name: "Oldest message", Value: m.oldestText(), Note: "since it was enqueued",
			Tone: toneIf(m.oldest >= 5*time.Minute, "warn")},
		{Name: "In flight", Value: m.countOrDash(m.queue.Known, m.queue.InFlight),
			Note: "the worker processes them"},
		{Name: "Dead letters", Value: m.countOrDash(m.failed >= 0, m.failed), Note: "failed events",
			Tone: toneIf(m.failed > 0, "bad"), Path: v.path("deadletters")},
		{Name: "Median (p50)", Value: m.latencyText(m.p50), Note: latencyNote},
		{Name: "99th percentile (p99)", Value: m.latencyText(m.p99), Note: latencyNote},
	}
	data.Empty = v.server.o.Local && !v.server.journal.hasEvents(v.Slug)
	v.show(w, r, page{Title: "Overview", Nav: "", Live: "tick", Data: data})
}

// loadOverview starts the AWS calls for the overview at the same time. It waits for them up to the
// time limit (the constant patience).
func (v *view) loadOverview(ctx context.Context) {
	var calls sync.WaitGroup
	defer calls.Wait()
	calls.Go(func() { v.sampleLatencies(ctx) })
	calls.Go(func() { v.queueDepth(ctx) })
	calls.Go(func() { v.deadLetterCount(ctx) })
	calls.Go(func() { v.exampleCurl(ctx) })
	calls.Go(func() { v.measure(ctx) })
}

func toneIf(when bool, name string) string {
	if when {
		return name
	}
	return ""
}

// measures holds the numbers of a pipeline in the last 15 minutes.
type measures struct {
	queue    depth
	failed   int // messages in the DLQ; -1 if unknown
	oldest   time.Duration
	p50, p99 time.Duration // -1 if unknown
	series   map[string][]float64
	rates    map[string]float64 // current events per second
	totals   map[string]int     // events in the period; -1 if unknown
	step     time.Duration      // time between two values of series
	alarms   []alarm
	note     string

	isPending bool // CloudWatch has not answered yet
}

func (m measures) countOrDash(known bool, n int) string {
	if !known {
		return "–"
	}
	return formatCount(n)
}

// formatTotal returns the number of events that the counter has counted in the period.
func (m measures) formatTotal(counter string) string {
	return m.countOrDash(m.totals[counter] >= 0, m.totals[counter])
}

func (m measures) oldestText() string {
	switch {
	case m.oldest < 0:
		return "–"
	case m.oldest == 0:
		return "none"
	}
	return formatAge(m.oldest)
}

func (m measures) latencyText(d time.Duration) string {
	if d < 0 {
		return "–"
	}
	return formatDuration(d)
}

// rateWindow is the time over which the rates on the arrows are averaged.
const rateWindow = 10 * time.Second

// chartBuckets is the number of bars in a chart of the local platform.
const chartBuckets = 60

// localMeasures returns the numbers that the journal has counted.
func (j *journal) localMeasures(slug string) measures {
	j.mu.Lock() // not RLock, because reading a counter clears its old seconds
	defer j.mu.Unlock()
	now, s := j.now(), j.statsOf(slug)
	m := measures{
		p50: -1, p99: -1, series: map[string][]float64{}, rates: map[string]float64{},
		totals: map[string]int{}, step: period / chartBuckets,
	}
	for name, c := range map[string]*counter{
		counterAccepted: &s.accepted, counterProcessed: &s.processed, counterFailed: &s.failed,
		counterRetried: &s.retried, counterPublished: &s.published,
	} {
		m.series[name] = c.series(now, chartBuckets)
		m.rates[name] = float64(c.sum(now, rateWindow)) / rateWindow.Seconds()
		m.totals[name] = c.total
	}
	if p50, p99, ok := s.percentiles(now); ok {
		m.p50, m.p99 = p50, p99
	}
	for at := j.order.Front(); at != nil; at = at.Next() {
		e := at.Value.(*event)
		if e.pipeline == slug && e.Status == string(pipeline.Enqueued) {
			m.oldest = max(now.Sub(e.startedAt()), m.oldest)
		}
	}
	if s.failedBatches.sum(now, 5*time.Minute) > 0 {
		m.alarms = append(m.alarms, alarm{"WorkerErrors",
			"The worker function crashed or timed out in the last 5 minutes.", "workererrorsalarm"})
	}
	if s.retried.sum(now, 5*time.Minute) >= 5 {
		m.alarms = append(m.alarms, alarm{"RetriedEvents",
			"Deliveries fail again and again: the processor or a service does not work.",
			"retriedeventsalarm"})
	}
	return m
}

func (j *journal) hasEvents(slug string) bool {
	rows, _ := j.list(query{Pipeline: slug}, 0, 1)
	return len(rows) > 0
}
