package logs

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// search finds lines of a log group. A group that does not exist has no lines.
type search struct {
	client *cloudwatchlogs.Client
	group  string
	since  time.Time
}

// entry is a line of a log stream. The invocations in a stream do not overlap.
type entry struct {
	at        time.Time
	stream    string
	text      string
	eventID   string
	requestID string // invocation that wrote the line; "" for output that is not JSON
	system    string // type of a line that Lambda itself writes, such as platform.start
}

// entriesOf returns the lines that contain the event's id. From the same invocations, it also
// returns the lines that contain no id.
func (s search) entriesOf(ctx context.Context, id string) ([]entry, error) {
	batchID, span, isPart, _ := pipeline.ParseID(id)
	found, err := s.entries(ctx, cloudwatchlogs.FilterLogEventsInput{
		FilterPattern: aws.String(`"` + batchID + `"`), StartTime: aws.Int64(s.since.UnixMilli()),
	})
	if err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(found, func(e entry) bool {
		return isPart && !concerns(e.text, id, span)
	})
	byStream := make(map[string][]entry)
	for _, e := range found {
		byStream[e.stream] = append(byStream[e.stream], e)
	}
	var all []entry
	for _, stream := range slices.Sorted(maps.Keys(byStream)) {
		entries, err := s.withOutput(ctx, stream, byStream[stream])
		if err != nil {
			return nil, err
		}
		all = append(all, entries...)
	}
	return all, nil
}

// maxDuration is the maximum duration of an invocation. It is a quota of Lambda.
const maxDuration = 15 * time.Minute

// withOutput returns the known lines of a stream. From the same invocations, it also returns the
// lines that contain no id.
func (s search) withOutput(
	ctx context.Context, stream string, known []entry,
) (found []entry, err error) {
	byTime := func(a, b entry) int { return a.at.Compare(b.at) }
	first := slices.MinFunc(known, byTime).at.Add(-maxDuration)
	if first.Before(s.since) {
		first = s.since
	}
	entries, err := s.entries(ctx, cloudwatchlogs.FilterLogEventsInput{
		LogStreamNames: []string{stream}, StartTime: aws.Int64(first.UnixMilli()),
		EndTime: aws.Int64(slices.MaxFunc(known, byTime).at.Add(time.Second).UnixMilli()),
	})
	if err != nil {
		return nil, err
	}
	texts, requests := make(map[string]bool), make(map[string]bool)
	for _, e := range known {
		texts[e.text], requests[e.requestID] = true, true
	}
	delete(requests, "")
	addRequestIDs(entries)
	for _, e := range entries {
		isOutput := e.eventID == "" && e.system == "" && requests[e.requestID]
		if isOutput || texts[e.text] {
			found = append(found, e)
		}
	}
	return found, nil
}

// addRequestIDs sets missing request ids. If Lambda logged the start of an invocation, the start
// line contains the id. Otherwise, addRequestIDs uses the id that the function logs at the end.
func addRequestIDs(entries []entry) {
	current, waiting := "", 0
	for i, e := range entries {
		switch {
		case e.system == "platform.start":
			current, waiting = e.requestID, i+1
		case e.system != "":
			current, waiting = "", i+1
		case e.requestID == "":
			entries[i].requestID = current
		default:
			for ; waiting < i; waiting++ {
				entries[waiting].requestID = cmp.Or(entries[waiting].requestID, e.requestID)
			}
			waiting = i + 1
		}
	}
}

// entries returns the matching lines of a log group, in the order of the log.
func (s search) entries(
	ctx context.Context, in cloudwatchlogs.FilterLogEventsInput,
) (found []entry, err error) {
	in.LogGroupName = &s.group
	last := make(map[string]time.Time) // time of the last line of each stream
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(s.client, &in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		var missing *types.ResourceNotFoundException
		if errors.As(err, &missing) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		for _, line := range page.Events {
			e := parseEntry(line)
			if e.at.Before(last[e.stream]) { // plain text has a less precise time
				e.at = last[e.stream]
			}
			last[e.stream] = e.at
			found = append(found, e)
		}
	}
	return found, nil
}

func parseEntry(line types.FilteredLogEvent) entry {
	e := entry{
		at:     time.UnixMilli(aws.ToInt64(line.Timestamp)),
		stream: aws.ToString(line.LogStreamName),
		text:   strings.TrimSpace(aws.ToString(line.Message)),
	}
	var fields struct {
		Time      time.Time `json:"time"`
		EventID   string    `json:"eventId"`
		RequestID string    `json:"requestId"`
		Type      string    `json:"type"`
		Record    struct {
			RequestID string `json:"requestId"`
		} `json:"record"`
	}
	if json.Unmarshal([]byte(e.text), &fields) != nil {
		return e
	}
	if !fields.Time.IsZero() { // more precise than the time of CloudWatch Logs
		e.at = fields.Time
	}
	e.eventID, e.requestID = fields.EventID, cmp.Or(fields.RequestID, fields.Record.RequestID)
	if strings.HasPrefix(fields.Type, "platform.") {
		e.system = fields.Type
	}
	return e
}
