package logs

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

func (s *Service) operations() protocol.JSONHandler {
	read := s.mu.RLocker()
	return protocol.JSONHandler{
		"DescribeLogGroups":  protocol.Locked(read, s.describeLogGroups),
		"DescribeLogStreams": protocol.Locked(read, s.describeLogStreams),
		"FilterLogEvents":    protocol.Locked(read, s.filterLogEvents),
		"GetLogEvents":       protocol.Locked(read, s.getLogEvents),
	}
}

// groupReference names a log group by its name or ARN.
type groupReference struct {
	LogGroupName       string `json:"logGroupName"`
	LogGroupIdentifier string `json:"logGroupIdentifier"`
}

// group returns the group that a request names. The caller holds s.mu.
func (s *Service) group(in groupReference) (*group, error) {
	if (in.LogGroupName == "") == (in.LogGroupIdentifier == "") {
		return nil, errInvalid("exactly one of logGroupName and logGroupIdentifier must be set")
	}
	name := cmp.Or(in.LogGroupName, strings.TrimPrefix(in.LogGroupIdentifier, s.groupARN("")))
	g, ok := s.groups[strings.TrimSuffix(name, ":*")]
	if !ok {
		return nil, protocol.Errorf("ResourceNotFoundException",
			"The specified log group does not exist.")
	}
	return g, nil
}

func errInvalid(format string, args ...any) error {
	return protocol.Errorf("InvalidParameterException", format, args...)
}

func invalidToken() error { return errInvalid("The specified nextToken is invalid.") }

type describeGroupsInput struct {
	LogGroupNamePrefix  string `json:"logGroupNamePrefix"`
	LogGroupNamePattern string `json:"logGroupNamePattern"`
	NextToken           string `json:"nextToken"`
	Limit               *int   `json:"limit"`
}

type describeGroupsOutput struct {
	LogGroups []groupDescription `json:"logGroups"`
	NextToken string             `json:"nextToken,omitempty"`
}

type groupDescription struct {
	Name              string `json:"logGroupName"`
	ARN               string `json:"arn"`
	LogGroupARN       string `json:"logGroupArn"`
	CreationTime      int64  `json:"creationTime"`
	RetentionInDays   int    `json:"retentionInDays,omitempty"`
	KMSKeyID          string `json:"kmsKeyId,omitempty"`
	StoredBytes       int    `json:"storedBytes"`
	MetricFilterCount int    `json:"metricFilterCount"`
	Class             string `json:"logGroupClass"`
}

func (s *Service) describeLogGroups(in *describeGroupsInput) (*describeGroupsOutput, error) {
	limit, err := pageSize(in.Limit, maxDescribed)
	if err != nil {
		return nil, err
	}
	out := &describeGroupsOutput{LogGroups: []groupDescription{}}
	for _, name := range slices.Sorted(maps.Keys(s.groups)) {
		if strings.HasPrefix(name, in.LogGroupNamePrefix) && name > in.NextToken &&
			strings.Contains(strings.ToLower(name), strings.ToLower(in.LogGroupNamePattern)) {
			out.LogGroups = append(out.LogGroups, s.describeGroup(s.groups[name]))
		}
	}
	if len(out.LogGroups) > limit {
		out.LogGroups = out.LogGroups[:limit]
		out.NextToken = out.LogGroups[limit-1].Name
	}
	return out, nil
}

func (s *Service) describeGroup(g *group) groupDescription {
	arn := s.groupARN(g.Name)
	size := 0
	for _, from := range g.streams {
		size += from.size
	}
	return groupDescription{
		Name: g.Name, ARN: arn + ":*", LogGroupARN: arn, CreationTime: g.created.UnixMilli(),
		RetentionInDays: g.RetentionDays, KMSKeyID: g.KMSKey, StoredBytes: size, Class: "STANDARD",
	}
}

// maxDescribed is the maximum number of groups or streams in a response, as in CloudWatch Logs.
const maxDescribed = 50

// pageSize returns the maximum number of entries in a response. It is the requested number, but at
// most the quota.
func pageSize(requested *int, quota int) (int, error) {
	switch {
	case requested == nil:
		return quota, nil
	case *requested < 1:
		return 0, errInvalid("1 validation error detected: Value '%d' at 'limit' failed to "+
			"satisfy constraint: Member must have value greater than or equal to 1", *requested)
	}
	return min(*requested, quota), nil
}

type describeStreamsInput struct {
	groupReference
	LogStreamNamePrefix string `json:"logStreamNamePrefix"`
	OrderBy             string `json:"orderBy"`
	NextToken           string `json:"nextToken"`
	Descending          bool   `json:"descending"`
	Limit               *int   `json:"limit"`
}

type describeStreamsOutput struct {
	LogStreams []streamDescription `json:"logStreams"`
	NextToken  string              `json:"nextToken,omitempty"`
}

type streamDescription struct {
	Name                string `json:"logStreamName"`
	ARN                 string `json:"arn"`
	CreationTime        int64  `json:"creationTime"`
	FirstEventTimestamp int64  `json:"firstEventTimestamp"`
	LastEventTimestamp  int64  `json:"lastEventTimestamp"`
	LastIngestionTime   int64  `json:"lastIngestionTime"`
	StoredBytes         int    `json:"storedBytes"`
}

func (s *Service) describeLogStreams(in *describeStreamsInput) (*describeStreamsOutput, error) {
	g, err := s.group(in.groupReference)
	if err != nil {
		return nil, err
	}
	limit, err := pageSize(in.Limit, maxDescribed)
	if err != nil {
		return nil, err
	}
	byTime := in.OrderBy == "LastEventTime"
	if byTime && in.LogStreamNamePrefix != "" {
		return nil, errInvalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
	}
	streams := slices.Collect(maps.Values(g.streams))
	streams = slices.DeleteFunc(streams, func(t *stream) bool {
		return !strings.HasPrefix(t.name, in.LogStreamNamePrefix)
	})
	slices.SortFunc(streams, func(a, b *stream) int {
		order := strings.Compare(a.name, b.name)
		if byTime {
			order = cmp.Or(a.last.Compare(b.last), order)
		}
		if in.Descending {
			order = -order
		}
		return order
	})
	if in.NextToken != "" {
		last := slices.IndexFunc(streams, func(t *stream) bool { return t.name == in.NextToken })
		if last < 0 {
			return nil, invalidToken()
		}
		streams = streams[last+1:]
	}
	out := &describeStreamsOutput{LogStreams: []streamDescription{}}
	if len(streams) > limit {
		streams = streams[:limit]
		out.NextToken = streams[limit-1].name
	}
	for _, t := range streams {
		last := t.last.UnixMilli()
		out.LogStreams = append(out.LogStreams, streamDescription{
			t.name, s.groupARN(g.Name) + ":log-stream:" + t.name, t.created.UnixMilli(),
			t.first.UnixMilli(), last, last, t.size,
		})
	}
	return out, nil
}
