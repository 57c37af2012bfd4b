package console

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

func TestMeasures_PlaceTheValuesOfCloudWatch(t *testing.T) {
	end := time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC)
	m := measures{
		step: time.Minute, series: map[string][]float64{}, rates: map[string]float64{},
		totals: map[string]int{},
	}
	m.addResult("accepted", types.MetricDataResult{
		Id: aws.String("accepted"), Values: []float64{120, 30, 7},
		Timestamps: []time.Time{ // of the beginnings of the minutes; the last one is out of range
			end.Add(-time.Minute), end.Add(-15 * time.Minute), end.Add(-16 * time.Minute),
		},
	}, end)
	m.addResult("oldest", types.MetricDataResult{
		Values: []float64{42}, Timestamps: []time.Time{end.Add(-time.Minute)},
	}, end)
	series := m.series["accepted"]
	if len(series) != 15 || series[14] != 120 || series[0] != 30 || m.totals["accepted"] != 150 ||
		m.rates["accepted"] != 2 || m.oldest != 42*time.Second {
		t.Errorf("got %+v", m)
	}
}

// CloudWatch can lack the values of the last minutes. An old value is not a current rate.
func TestMeasures_UseTheNewestValueOfCloudWatch(t *testing.T) {
	end := time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC)
	for minutes, want := range map[int]float64{1: 2, 3: 2, 4: 0} {
		m := measures{step: time.Minute, series: map[string][]float64{},
			rates: map[string]float64{}, totals: map[string]int{}}
		at := []time.Time{end.Add(-time.Duration(minutes) * time.Minute)}
		m.addResult("accepted", types.MetricDataResult{Values: []float64{120}, Timestamps: at}, end)
		m.addResult("oldest", types.MetricDataResult{Values: []float64{42}, Timestamps: at}, end)
		if m.rates["accepted"] != want || m.oldest != 42*time.Second {
			t.Errorf("%d minutes ago: rate %v, want %v; oldest %s", minutes, m.rates["accepted"],
				want, m.oldest)
		}
	}
}

func TestCounter_CountsTheLastPeriod(t *testing.T) {
	var c counter
	begin := time.Unix(1_800_000_000, 0)
	c.add(begin, 5)
	c.add(begin.Add(time.Second), 2)
	now := begin.Add(2 * time.Second)
	if got := c.sum(now, 10*time.Second); got != 7 {
		t.Errorf("10 s: %d", got)
	}
	if got := c.sum(now, time.Second); got != 2 {
		t.Errorf("1 s: %d", got)
	}
	if series := c.series(now, 60); series[59] != 7 {
		t.Errorf("series %v", series)
	}
	later := now.Add(period)
	if series := c.series(later, 60); slices.Max(series) != 0 || c.sum(later, period) != 0 {
		t.Errorf("after the period: %v", series)
	}
}

func TestRunbooks_AreSectionsOfTheDocument(t *testing.T) {
	document, err := os.ReadFile("../../../docs/runbooks.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range regexp.MustCompile(`(?m)^## (\w+Alarm)$`).FindAllStringSubmatch(
		string(document), -1) {
		want := strings.ToLower(found[1])
		if got := runbookOf("Orders" + found[1] + "1A2B3C4D"); got != want {
			t.Errorf("%s: got %q", found[1], got)
		}
	}
	for id, section := range map[string]string{
		"OrdersRefusedSignaturesAlarmgithub1A2B3C4D":         "Refused signatures of webhooks",
		"OrdersOnEventProcessedIndexLostEventsAlarm1A2B3C4D": "Lost events of a rule",
	} {
		want := strings.ReplaceAll(strings.ToLower(section), " ", "-")
		if got := runbookOf(id); got != want ||
			!strings.Contains(string(document), "## "+section+"\n") {
			t.Errorf("%s: got %q, want the section %q", id, got, section)
		}
	}
	if got := runbookOf("SomethingElse12345678"); got != "" {
		t.Errorf("got %q for a foreign alarm", got)
	}
}

// On the local platform, each arrow of the flow shows a rate.
func TestFlow_ShowsTheRateOfEachArrow(t *testing.T) {
	now := time.Now()
	w := newWorld(t, Options{Local: true, Now: func() time.Time { return now }})
	for _, name := range []string{"accepted", "published", "processed", "failed"} {
		w.Record(step(name, 1))
	}
	now = now.Add(2 * time.Second)
	m := w.journal.localMeasures("Orders")
	for _, f := range []flow{wideFlow(m), narrowFlow(m)} {
		for i, a := range f.Arrows {
			if !a.Busy || a.Label == "" || a.Label == "0/s" {
				t.Errorf("%s: the arrow %v is %+v", f.Name, links[i], a)
			}
		}
	}
}
