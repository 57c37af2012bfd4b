package cost

import (
	"math"
	"slices"
	"testing"
)

func workload(perRequest int) Workload {
	return Workload{EventsPerMonth: 50e6, PerRequest: perRequest, Bytes: 800, Peak: 1, Types: 1}
}

// withNotifications returns a copy of the pipeline whose prop Notifications is mode.
func (p Pipeline) withNotifications(mode Notifications) Pipeline {
	p.Notifications = mode
	return p
}

func lineUSD(t *testing.T, lines []Line, name string) float64 {
	t.Helper()
	for _, line := range lines {
		if line.Name == name {
			return line.USD
		}
	}
	return 0
}

func wantUSD(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-9 {
		t.Errorf("%s: $%.6f, want $%.6f", what, got, want)
	}
}

// The expected figures are calculated by hand from the list prices.
func TestEstimate_OfSingleEvents(t *testing.T) {
	e := goldenPipeline(t, "prod").Estimate(workload(1), DefaultPrices(),
		Durations{API: 0.04, Worker: 0.1})
	for name, want := range map[string]float64{
		"API Gateway": 1,
		"Lambda":      0.2 + 0.2 + (0.04+0.1)*0.5*13.3334, // batches of one message
		"S3":          5 + 5 + 0.4,
		"DynamoDB":    2*0.625 + 0.125,
		"SQS":         3 * 0.4, // send, receive and delete
		"EventBridge": 1,
	} {
		wantUSD(t, name, lineUSD(t, e.Requests, name), want)
	}
	if e.Calls.Total() != 8 {
		t.Errorf("%v calls for an event, want 8", e.Calls.Total())
	}
}

func TestEstimate_MeetsItsTargetsForBatches(t *testing.T) {
	for mode, want := range map[Notifications]struct{ calls, usd float64 }{
		PerBatch: {9, 0.16}, PerEvent: {18, 1.15},
	} {
		p := goldenPipeline(t, "prod").withNotifications(mode)
		e := p.Estimate(workload(100), DefaultPrices(), Durations{})
		if e.Calls.Total() > want.calls || e.RequestsPerMillion > want.usd {
			t.Errorf("%s: %v calls for a request of 100 events, $%.4f per million events; "+
				"want at most %v and $%.2f",
				mode, e.Calls.Total(), e.RequestsPerMillion, want.calls, want.usd)
		}
	}
}

func TestEstimate_FollowsTheSettings(t *testing.T) {
	requests := func(e Estimate) []Line { return e.Requests }
	operation := func(e Estimate) []Line { return e.Operation }
	fixed := func(e Estimate) []Line { return e.Fixed }
	storage := func(e Estimate) []Line { return e.Storage }
	for _, test := range []struct {
		name       string
		perRequest int
		change     func(*Pipeline)
		lines      func(Estimate) []Line
		line       string
		want       float64
	}{
		{"no notifications", 1, func(p *Pipeline) { p.Notifications = None },
			requests, "EventBridge", 0},
		{"notifications per batch", 100, func(p *Pipeline) { p.Notifications = PerBatch },
			requests, "EventBridge", 0.01},
		{"requests above 512 KB", 1000, nil, requests, "API Gateway", 2 * 0.001},
		{"full batches of messages", 1, func(p *Pipeline) { p.Source.Window = 1 },
			requests, "SQS", 0.4 * 1.2},
		{"no tracing", 1, func(p *Pipeline) { p.API.Tracing, p.Worker.Tracing = false, false },
			operation, "X-Ray", 0},
		{"all requests of a slow pipeline are traced", 1000, nil, operation, "X-Ray",
			2 * 0.001 * 5},
		{"keys without bucket keys", 1,
			func(p *Pipeline) { p.Bronze.KMSPerRequest, p.Silver.KMSPerRequest = true, true },
			operation, "KMS", 3 * 3},
		{"objects below 128 KiB stay in their class", 100, nil, operation, "S3 lifecycle", 0},
		{"larger objects move", 1000, nil, operation, "S3 lifecycle", 0.001 * (10 + 20)},
		{"records move, too", 1000,
			func(p *Pipeline) { p.Silver.Transitions = p.Bronze.Transitions },
			operation, "S3 lifecycle", 2 * 0.001 * (10 + 20)},
		{"small objects move to Glacier", 1,
			func(p *Pipeline) { p.Bronze.Transitions[1].MinBytes = 0 },
			operation, "S3 lifecycle", 20},
		{"no lines for events, no access log", 1,
			func(p *Pipeline) {
				p.API.InfoLogs, p.Worker.InfoLogs, p.APIAccessLog = false, false, false
			},
			operation, "CloudWatch Logs", 0.5 * million * (2*560 + 500) / (1 << 30)},
		{"no reconciler", 1, func(p *Pipeline) { p.Reconciler = nil }, operation, "Reconciler", 0},
		{"secrets of webhook sources", 1, func(p *Pipeline) { p.WebhookSecrets = 2 },
			fixed, "Secrets Manager", 2 * (0.40 + 5*2*8760/million)},
		{"metrics of webhook sources", 1, func(p *Pipeline) { p.WebhookSources = 2 },
			fixed, "Metrics", 0.30 * (13 + 1 + 5)},
		{"message groups", 1, nil, operation, "SQS message groups", 3 * 0.10},
		{"an open API", 1, func(p *Pipeline) { p.MessageGroups = false },
			operation, "SQS message groups", 0},
		{"KMS keys", 1, func(p *Pipeline) { p.KMSKeys = 6 }, fixed, "KMS keys", 6},
		{"no backups", 1, func(p *Pipeline) { p.Table.Backups = false }, storage, "DynamoDB",
			0.25 * 50e6 * 750 / (1 << 30)},
		{"backups", 1, nil, storage, "DynamoDB", 0.45 * 50e6 * 750 / (1 << 30)},
	} {
		p := goldenPipeline(t, "prod")
		if test.change != nil {
			test.change(&p)
		}
		e := p.Estimate(workload(test.perRequest), DefaultPrices(), Durations{})
		wantUSD(t, test.name, lineUSD(t, test.lines(e), test.line), test.want)
	}
}

func TestEstimate_OfTheTwelfthMonthIncludesEarlierEvents(t *testing.T) {
	p, prices := goldenPipeline(t, "prod"), DefaultPrices()
	p.Table.RetentionDays, p.Bronze.AccessLogs, p.Silver.AccessLogs = 1, false, false
	p.Bronze.Expiration = 45
	p.Silver.Expiration = 1
	e := p.Estimate(workload(1), prices, Durations{})
	bronze := lineUSD(t, e.Storage, "S3 Bronze") // two months of events are younger than 45 days
	wantUSD(t, "twelfth month", e.TwelfthMonth, e.FirstMonth+bronze)
}

func TestQuotas_NameTheLowestLimitFirst(t *testing.T) {
	slow := Durations{API: 0.05, Worker: 2}
	for _, test := range []struct {
		name   string
		change func(*Pipeline, *Workload)
		first  string
		events float64
	}{
		{"a slow processor", nil, "Worker concurrency", 50 / 2.0 * 10},
		{"more workers", func(p *Pipeline, _ *Workload) { p.Source.MaxConcurrency = 1000 },
			"Stage throttle", 1000},
		{"batches", func(p *Pipeline, w *Workload) { w.PerRequest = 100 },
			"Worker concurrency", 50 / 2.0 * 10 * 100},
		{"an existing API", func(p *Pipeline, _ *Workload) {
			p.APIThrottle, p.Source.MaxConcurrency, p.Reconciler = 0, 2000, nil
		}, "S3 PUT/s per type", 3500},
		{"several types", func(p *Pipeline, w *Workload) {
			p.APIThrottle, p.Source.MaxConcurrency, p.Reconciler, w.Types = 0, 20_000, nil, 4
		}, "Lambda concurrency", 1000 / (0.05 + 2.0/10)},
		{"reserved concurrency", func(p *Pipeline, _ *Workload) {
			p.API.Reserved, p.Source.MaxConcurrency = 10, 1000
		}, "API reserved concurrency", 10 / 0.05},
	} {
		p, w := goldenPipeline(t, "prod"), workload(1)
		if test.change != nil {
			test.change(&p, &w)
		}
		first := p.Quotas(w, slow)[0]
		if first.Name != test.first || math.Abs(first.Events-test.events) > 1e-6 {
			t.Errorf("%s: %s at %.1f events/s, want %s at %.1f",
				test.name, first.Name, first.Events, test.first, test.events)
		}
	}
}

// The peak rate of the workload changes Quota.Used, but not the limit in Quota.Events.
func TestQuotas_CompareThePeakRate(t *testing.T) {
	p, w := goldenPipeline(t, "prod"), workload(1)
	w.EventsPerMonth, w.Peak = 100*secondsPerMonth, 20
	var throttle Quota
	for _, q := range p.Quotas(w, Durations{}) {
		if q.Name == "Stage throttle" {
			throttle = q
		}
	}
	if math.Abs(throttle.Used-2000) > 1e-6 || math.Abs(throttle.Events-1000) > 1e-6 {
		t.Errorf("at 2,000 requests/s: %+v", throttle)
	}
}

func TestWorkload_DoesNotOverflow(t *testing.T) {
	if got := (Workload{PerRequest: 1000, Bytes: math.MaxInt64}).RequestBytes(); got < 1e21 {
		t.Errorf("a request has %g bytes", got)
	}
}

func TestNotPriced_ListsOtherStorageClasses(t *testing.T) {
	p := Pipeline{Silver: Bucket{Transitions: []Transition{{Class: glacierInstant, Days: 30}}}}
	if got := p.NotPriced(); len(got) != 0 {
		t.Errorf("got %q", got)
	}
	p.Silver.Transitions[0].Class = "DEEP_ARCHIVE"
	want := []string{"storage class DEEP_ARCHIVE of the Silver bucket"}
	if got := p.NotPriced(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
