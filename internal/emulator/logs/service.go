// Package logs emulates the operations of Amazon CloudWatch Logs that read logs, except Logs
// Insights queries. Emulated functions and HTTP APIs write the lines.
//
// The service keeps lines in memory. If a log group exceeds maxGroupSize, the service deletes the
// oldest lines. It ignores the retention of log groups.
package logs

import (
	"sync"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

// Config configures a Service. Only Region and Account are required.
type Config struct {
	Region, Account string
	Now             func() time.Time // default time.Now
}

// Service holds the log groups of one account and region.
type Service struct {
	protocol.JSONHandler
	config Config

	mu     sync.RWMutex
	groups map[string]*group
	next   int // number of the next line
}

// maxGroupSize is the maximum total size of a log group's lines, in bytes.
const maxGroupSize = 4 << 20

// lineOverhead is the memory that a line needs in addition to its text, in bytes.
const lineOverhead = 80

// Group describes a log group.
type Group struct {
	Name          string
	RetentionDays int // 0 if lines never expire
	KMSKey        string
}

type group struct {
	Group
	created time.Time
	lines   []line
	size    int // bytes of the lines, including lineOverhead
	streams map[string]*stream
}

type line struct {
	number int // lines of all groups are numbered in the order of their arrival
	stream *stream
	time   time.Time
	text   string
}

// stream represents a log stream that has at least one line.
type stream struct {
	name           string
	created, first time.Time
	last           time.Time
	lines, size    int
}

// New returns a service without log groups.
func New(config Config) *Service {
	if config.Now == nil {
		config.Now = time.Now
	}
	s := &Service{config: config, groups: map[string]*group{}}
	s.JSONHandler = s.operations()
	return s
}

// CreateGroup creates a log group. It does nothing if the group exists.
func (s *Service) CreateGroup(g Group) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addGroup(g)
}

func (s *Service) addGroup(g Group) *group {
	added, ok := s.groups[g.Name]
	if !ok {
		added = &group{Group: g, created: s.config.Now(), streams: map[string]*stream{}}
		s.groups[g.Name] = added
	}
	return added
}

// Write adds a line to a log stream. It creates the log group and the stream if they do not exist.
func (s *Service) Write(groupName, streamName string, text []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, now := s.addGroup(Group{Name: groupName}), s.config.Now()
	to, ok := g.streams[streamName]
	if !ok {
		to = &stream{name: streamName, created: now, first: now}
		g.streams[streamName] = to
	}
	g.lines = append(g.lines, line{s.next, to, now, string(text)})
	s.next++
	to.last = now
	to.lines++
	to.size += len(text)
	g.size += len(text) + lineOverhead
	for g.size > maxGroupSize && len(g.lines) > 1 {
		g.deleteOldest()
	}
}

func (g *group) deleteOldest() {
	oldest := g.lines[0]
	g.lines[0] = line{} // so that the text can be freed
	g.lines = g.lines[1:]
	g.size -= len(oldest.text) + lineOverhead
	from := oldest.stream
	from.size -= len(oldest.text)
	if from.lines--; from.lines == 0 {
		delete(g.streams, from.name)
	}
}

func (s *Service) groupARN(name string) string {
	return protocol.ARN(Name, s.config.Region, s.config.Account, "log-group:"+name)
}
