package console

import (
	"time"
)

// period is the time that the charts show.
const period = 15 * time.Minute

// stats counts a pipeline's events and failed batches in the last period.
type stats struct {
	accepted, processed, failed, retried, published, failedBatches counter

	latencies []latency // the newest last
}

func (j *journal) statsOf(slug string) *stats {
	s := j.stats[slug]
	if s == nil {
		s = &stats{}
		j.stats[slug] = s
	}
	return s
}

// Names of the counters in the type measures. Most names are also ids of CloudWatch queries.
const (
	counterAccepted  = "accepted"
	counterProcessed = "processed"
	counterFailed    = "failed"
	counterRetried   = "retried"
	counterPublished = "published"
)

// oldestMessage is the id of the query for the age of the oldest message in the queue.
const oldestMessage = "oldest"

// counter counts events in each second of the last period.
type counter struct {
	total  int
	counts [period / time.Second]int
	last   int64 // last second that was counted, in Unix time
}

func (c *counter) add(now time.Time, n int) {
	c.advance(now)
	c.counts[c.last%int64(len(c.counts))] += n
	c.total += n
}

// advance moves the end of the period to now. It clears the counts of seconds before the period.
func (c *counter) advance(now time.Time) {
	second := now.Unix()
	for s := max(c.last+1, second-int64(len(c.counts))+1); s <= second; s++ {
		c.counts[s%int64(len(c.counts))] = 0
	}
	c.last = max(c.last, second)
}

// sum returns the number of events in a time span of length d. The span ends before the current
// second.
func (c *counter) sum(now time.Time, d time.Duration) (total int) {
	c.advance(now)
	for i := range int64(d / time.Second) {
		if second := c.last - 1 - i; second >= 0 && i < int64(len(c.counts))-1 {
			total += c.counts[second%int64(len(c.counts))]
		}
	}
	return total
}

// series divides the period into buckets, and returns the count of each bucket, the oldest first.
func (c *counter) series(now time.Time, buckets int) []float64 {
	c.advance(now)
	values := make([]float64, buckets)
	size := len(c.counts) / buckets
	for i := range c.counts {
		second := c.last - int64(i)
		values[buckets-1-min(i/size, buckets-1)] += float64(c.counts[second%int64(len(c.counts))])
	}
	return values
}

// latency is the time from the receipt of an event to its processing.
type latency struct {
	at   time.Time
	took time.Duration
}

// maxLatencies is the number of latencies that remain after stats removes the oldest ones.
const maxLatencies = 5000

func (s *stats) addLatency(now time.Time, took time.Duration) {
	s.latencies = appendLimited(s.latencies, latency{now, max(took, 0)}, maxLatencies)
}

// percentiles returns p50 and p99 of the latencies in the last period.
func (s *stats) percentiles(now time.Time) (p50, p99 time.Duration, ok bool) {
	var took []time.Duration
	for _, l := range s.latencies {
		if now.Sub(l.at) < period {
			took = append(took, l.took)
		}
	}
	if len(took) == 0 {
		return 0, 0, false
	}
	p50, p99 = percentiles(took)
	return p50, p99, true
}
