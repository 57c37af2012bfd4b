package logs

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// Quotas of CloudWatch Logs for one response.
const (
	maxEvents       = 10_000
	maxResponseSize = 1 << 20 // bytes
)

type filterInput struct {
	groupReference
	LogStreamNames      []string `json:"logStreamNames"`
	LogStreamNamePrefix string   `json:"logStreamNamePrefix"`
	FilterPattern       string   `json:"filterPattern"`
	NextToken           string   `json:"nextToken"`
	StartTime           *int64   `json:"startTime"` // Unix time in milliseconds, like EndTime
	EndTime             *int64   `json:"endTime"`
	Limit               *int     `json:"limit"`
}

type filterOutput struct {
	Events             []filteredEvent  `json:"events"`
	SearchedLogStreams []searchedStream `json:"searchedLogStreams"`
	NextToken          string           `json:"nextToken,omitempty"`
}

type filteredEvent struct {
	EventID       string `json:"eventId"`
	LogStreamName string `json:"logStreamName"`
	logEvent
}

type logEvent struct {
	Timestamp     int64  `json:"timestamp"`
	IngestionTime int64  `json:"ingestionTime"`
	Message       string `json:"message"`
}

func newLogEvent(l line) logEvent {
	at := l.time.UnixMilli()
	return logEvent{at, at, l.text}
}

type searchedStream struct {
	LogStreamName      string `json:"logStreamName"`
	SearchedCompletely bool   `json:"searchedCompletely"`
}

// filterLogEvents returns the matching lines of a log group. A token is the number of the next
// page's first line.
func (s *Service) filterLogEvents(in *filterInput) (*filterOutput, error) {
	g, err := s.group(in.groupReference)
	if err != nil {
		return nil, err
	}
	if len(in.LogStreamNames) > 0 && in.LogStreamNamePrefix != "" {
		return nil, errInvalid("logStreamNames and logStreamNamePrefix must not both be set")
	}
	limit, err := pageSize(in.Limit, maxEvents)
	if err != nil {
		return nil, err
	}
	matches, err := parseFilter(in.FilterPattern)
	if err != nil {
		return nil, errInvalid("Invalid filter pattern: %v", err)
	}
	from := 0
	if in.NextToken != "" {
		if from, err = strconv.Atoi(in.NextToken); err != nil {
			return nil, invalidToken()
		}
	}
	out := &filterOutput{Events: []filteredEvent{}, SearchedLogStreams: []searchedStream{}}
	size := 0
	for _, l := range g.lines {
		if l.number < from || !in.selects(l) || !matches(l.text) {
			continue
		}
		size += len(l.text)
		if n := len(out.Events); n == limit || n > 0 && size > maxResponseSize {
			out.NextToken = strconv.Itoa(l.number)
			break
		}
		out.Events = append(out.Events, filteredEvent{
			fmt.Sprintf("%056d", l.number), l.stream.name, newLogEvent(l),
		})
	}
	return out, nil
}

// selects reports whether a line is in the requested streams and time range.
func (in *filterInput) selects(l line) bool {
	at := l.time.UnixMilli()
	return (in.StartTime == nil || at >= *in.StartTime) &&
		(in.EndTime == nil || at <= *in.EndTime) &&
		(in.LogStreamNames == nil || slices.Contains(in.LogStreamNames, l.stream.name)) &&
		strings.HasPrefix(l.stream.name, in.LogStreamNamePrefix)
}

type getInput struct {
	groupReference
	LogStreamName string `json:"logStreamName"`
	NextToken     string `json:"nextToken"`
	StartTime     *int64 `json:"startTime"` // Unix time in milliseconds, like EndTime
	EndTime       *int64 `json:"endTime"`
	Limit         *int   `json:"limit"`
	StartFromHead bool   `json:"startFromHead"`
}

type getOutput struct {
	Events            []logEvent `json:"events"`
	NextForwardToken  string     `json:"nextForwardToken"`
	NextBackwardToken string     `json:"nextBackwardToken"`
}

// getLogEvents returns a page of a stream's lines. With the token "f/7", the page begins with line
// 7. With the token "b/7", the page ends before line 7.
func (s *Service) getLogEvents(in *getInput) (*getOutput, error) {
	g, err := s.group(in.groupReference)
	if err != nil {
		return nil, err
	}
	if g.streams[in.LogStreamName] == nil {
		return nil, protocol.Errorf("ResourceNotFoundException",
			"The specified log stream does not exist.")
	}
	limit, err := pageSize(in.Limit, maxEvents)
	if err != nil {
		return nil, err
	}
	direction, number, ok := strings.Cut(in.NextToken, "/")
	position, err := strconv.Atoi(number)
	if in.NextToken != "" && (!ok || err != nil || direction != "f" && direction != "b") {
		return nil, invalidToken()
	}
	var lines []line
	for _, l := range g.lines {
		at := l.time.UnixMilli()
		if l.stream.name == in.LogStreamName &&
			(in.StartTime == nil || at >= *in.StartTime) &&
			(in.EndTime == nil || at < *in.EndTime) &&
			(direction != "f" || l.number >= position) &&
			(direction != "b" || l.number < position) {
			lines = append(lines, l)
		}
	}
	fromHead := direction == "f" || direction == "" && in.StartFromHead
	lines = page(lines, limit, fromHead)
	first, next := position, position
	if len(lines) > 0 {
		first, next = lines[0].number, lines[len(lines)-1].number+1
	}
	out := &getOutput{
		Events:            []logEvent{},
		NextForwardToken:  fmt.Sprintf("f/%d", next),
		NextBackwardToken: fmt.Sprintf("b/%d", first),
	}
	for _, l := range lines {
		out.Events = append(out.Events, newLogEvent(l))
	}
	return out, nil
}

// page returns the first or the last lines that fit into a response.
func page(lines []line, limit int, fromHead bool) []line {
	count, size := 0, 0
	for count < min(len(lines), limit) {
		next := lines[count]
		if !fromHead {
			next = lines[len(lines)-1-count]
		}
		if size += len(next.text); size > maxResponseSize && count > 0 {
			break
		}
		count++
	}
	if fromHead {
		return lines[:count]
	}
	return lines[len(lines)-count:]
}
