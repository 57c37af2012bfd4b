package console

import (
	"fmt"
	"regexp"
	"strings"
)

// flow describes a picture of the pipeline: its boxes and the arrows between them. Positions are in
// the units of the picture's SVG.
type flow struct {
	Name          string // wide or narrow
	Width, Height int
	Boxes         []box
	Arrows        []arrow
	Text          string // description for screen readers
}

type box struct {
	X, Y, W, H   int
	Name, Number string
	Tone         string
}

type arrow struct {
	Path   string
	Label  string
	X, Y   int // position of the label
	Anchor string
	Tone   string
	Busy   bool // events pass now
}

// Each constant is the index of a box in boxNames, and in the parameter corners of newFlow.
const (
	atClient = iota
	atAPI
	atBronze
	atTable
	atQueue
	atWorker
	atSilver
	atBus
	atDLQ
)

var boxNames = []string{
	"Client", "API", "Bronze", "Table", "Queue", "Worker", "Silver", "Event bus", "DLQ",
}

// link represents an arrow of the flow. The arrow shows the counter's rate.
type link struct {
	from, to int
	counter  string
}

var links = []link{
	{atClient, atAPI, counterAccepted}, {atAPI, atBronze, counterAccepted},
	{atAPI, atTable, counterAccepted}, {atAPI, atQueue, counterAccepted},
	{atQueue, atWorker, counterProcessed}, {atWorker, atSilver, counterProcessed},
	{atWorker, atBus, counterPublished}, {atWorker, atDLQ, counterFailed},
}

// point is the upper left corner of a box.
type point struct{ x, y int }

func wideFlow(m measures) flow {
	return newFlow("wide", false, 880, 250, 112, 52, []point{
		{0, 100}, {180, 100}, {410, 10}, {410, 190}, {410, 100}, {590, 100},
		{768, 10}, {768, 100}, {768, 190},
	}, m)
}

func narrowFlow(m measures) flow {
	return newFlow("narrow", true, 330, 470, 96, 48, []point{
		{117, 0}, {117, 100}, {0, 200}, {234, 200}, {117, 200}, {117, 310},
		{0, 420}, {117, 420}, {234, 420},
	}, m)
}

func newFlow(name string, down bool, width, height, w, h int, corners []point, m measures) flow {
	f := flow{Name: name, Width: width, Height: height}
	numbers := map[int]string{
		atAPI:    m.formatTotal(counterAccepted) + " accepted",
		atQueue:  m.countOrDash(m.queue.Known, m.queue.Waiting+m.queue.Delayed) + " waiting",
		atWorker: m.countOrDash(m.queue.Known, m.queue.InFlight) + " in flight",
		atSilver: m.formatTotal(counterProcessed) + " processed",
		atDLQ:    m.countOrDash(m.failed >= 0, m.failed) + " failed",
	}
	for i, corner := range corners {
		b := box{X: corner.x, Y: corner.y, W: w, H: h, Name: boxNames[i], Number: numbers[i]}
		if i == atDLQ && m.failed > 0 {
			b.Tone = "bad"
		}
		f.Boxes = append(f.Boxes, b)
	}
	for _, l := range links {
		f.Arrows = append(f.Arrows, newArrow(f.Boxes[l.from], f.Boxes[l.to], down, l, m))
	}
	var words []string
	for i, b := range f.Boxes {
		if numbers[i] != "" {
			words = append(words, b.Name+": "+b.Number)
		}
	}
	f.Text = strings.Join(words, ", ")
	return f
}

// newArrow returns an arrow between two boxes. It starts at the right side of the first box, or at
// the lower side if down is true.
func newArrow(from, to box, down bool, l link, m measures) arrow {
	a := arrow{Busy: m.rates[l.counter] > 0}
	if rate, ok := m.rates[l.counter]; ok { // no metric counts the notifications
		a.Label = formatRate(rate)
	}
	if l.counter == counterFailed && m.rates[counterFailed] > 0 {
		a.Tone = "bad"
	}
	const gap = 5 // between the head of the arrow and the box
	if !down {
		x1, y1, x2, y2 := from.X+from.W, from.Y+from.H/2, to.X-gap, to.Y+to.H/2
		middle := (x1 + x2) / 2
		a.Path = fmt.Sprintf("M%d %d C%d %d %d %d %d %d", x1, y1, middle, y1, middle, y2, x2, y2)
		if a.X, a.Y, a.Anchor = x2-8, y2-8, "end"; y2 > y1 {
			a.Y = y2 + 17
		}
		return a
	}
	x1, y1, x2, y2 := from.X+from.W/2, from.Y+from.H, to.X+to.W/2, to.Y-gap
	middle := (y1 + y2) / 2
	a.Path = fmt.Sprintf("M%d %d C%d %d %d %d %d %d", x1, y1, x1, middle, x2, middle, x2, y2)
	a.X, a.Y, a.Anchor = x1+8, middle+4, "start"
	switch { // above the curve
	case x2 < x1:
		a.X, a.Y, a.Anchor = (x1+x2)/2-8, middle-9, "end"
	case x2 > x1:
		a.X, a.Y = (x1+x2)/2+8, middle-9
	}
	return a
}

// chart is a series of values as an SVG.
type chart struct {
	Name, Tone string
	Total      string
	Now        string
	Bars       []bar
	Width      int
	Peak       string
}

// bar is a bar of a chart. Its position and size are in the units of the chart's SVG.
type bar struct{ X, Y, W, H float64 }

// chartHeight and chartWidth are the size of a chart's SVG.
const (
	chartHeight = 48
	chartWidth  = 300
)

// charts returns the charts of the overview.
func (m measures) charts() []chart {
	var charts []chart
	for _, each := range []struct{ name, title, tone string }{
		{counterAccepted, "Accepted", ""}, {counterProcessed, "Processed", "good"},
		{counterRetried, "Retried", "warn"}, {counterFailed, "Failed", "bad"},
	} {
		c := chart{
			Name: each.title, Tone: each.tone, Width: chartWidth,
			Total: m.formatTotal(each.name), Now: formatRate(m.rates[each.name]),
		}
		values := m.series[each.name]
		peak := 0.0
		for _, value := range values {
			peak = max(peak, value)
		}
		width := float64(chartWidth) / float64(max(len(values), 1))
		for i, value := range values {
			if value > 0 {
				height := max(value/peak*(chartHeight-2), 2)
				c.Bars = append(c.Bars,
					bar{float64(i) * width, chartHeight - height, max(width-1, 1), height})
			}
		}
		if peak > 0 {
			c.Peak = "peak " + formatRate(peak/m.step.Seconds())
		}
		charts = append(charts, c)
	}
	return charts
}

// alarmID extracts the id of an alarm's construct from the alarm's logical id.
var alarmID = regexp.MustCompile(`([A-Z][A-Za-z]+Alarm)[0-9A-F]{8}$`)

// runbookOf returns the section of docs/runbooks.md for an alarm's logical id.
func runbookOf(logicalID string) string {
	if strings.Contains(logicalID, "RefusedSignaturesAlarm") { // the source's name follows
		return "refused-signatures-of-webhooks"
	}
	found := alarmID.FindStringSubmatch(logicalID)
	if found == nil {
		return ""
	}
	if strings.HasSuffix(found[1], "LostEventsAlarm") {
		return "lost-events-of-a-rule"
	}
	id := strings.ToLower(found[1])
	for _, name := range runbooks {
		if strings.HasSuffix(id, name) {
			return name
		}
	}
	return ""
}

// runbooks lists the sections of docs/runbooks.md about alarms. If the name of a section ends with
// the name of another section, the longer name must come first.
var runbooks = []string{
	"notificationdeadlettersalarm", "deadlettersalarm", "failedeventsalarm", "retriedeventsalarm",
	"oldestmessagealarm", "apiservererrorsalarm", "throttledrequestsalarm", "apierrorsalarm",
	"apithrottlesalarm", "workererrorsalarm", "workerthrottlesalarm", "reconcilererrorsalarm",
	"reconcilermissingrunsalarm", "reconcilerlagalarm", "faileddeliveriesalarm",
	"unhealedeventsalarm",
}
