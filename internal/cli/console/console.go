// Package console serves web pages on which a user watches and operates a pipeline. The pages show:
//   - for the local platform: the steps that the platform records
//   - for a deployed pipeline: what Bronze, the events table, the queues and CloudWatch hold
//
// Redrives, replays and sends use the same code as the commands `dlq`, `replay` and `send`.
package console

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/deployment"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/activity"
)

// Options configure a Server.
type Options struct {
	Local bool // the pipelines run on the local platform, whose steps Record receives
	Watch bool // the local platform reloads the app when the app's sources change
	Write bool // users may change the pipelines: send, redrive, discard and replay
	// Command returns a command line that the user can paste. It skips empty words.
	Command func(words ...string) string
	// Flags returns the flags that make a command select the pipeline.
	Flags func(deployment.Pipeline) string
	// Resume makes the console list the unfinished replays of its earlier runs. It must be false if
	// the pipelines' data is deleted when the console ends.
	Resume bool
	// Send posts an event or a list of events to the pipeline's API. It returns the id of the
	// event, or the ids of the batches that the API has created from the list.
	Send func(ctx context.Context, p deployment.Pipeline, body []byte) (ids []string, err error)
	// Curl returns the start of the curl command that posts an event to the pipeline's API.
	Curl func(ctx context.Context, p deployment.Pipeline) string
	Now  func() time.Time // nil is time.Now
}

// Server serves the console. Create it with New. Its methods are safe for concurrent use.
type Server struct {
	o         Options
	access    access
	journal   *journal
	functions sync.Map // name of a function, bus or DLQ → slug of its pipeline

	reconcilers sync.Map // names of the reconciler functions

	mu        sync.RWMutex
	pipelines []*view

	server *http.Server
	ctx    context.Context // ends when the server is closed; jobs run in it
	stop   context.CancelFunc
}

// New returns a server without pipelines.
func New(o Options) *Server {
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Server{o: o, journal: newJournal(o.Now), access: newAccess()}
	s.ctx, s.stop = context.WithCancel(context.Background())
	return s
}

// Record adds a step of the local platform to the journal. It never waits for a browser.
func (s *Server) Record(step activity.Step) {
	_, isReconciler := s.reconcilers.Load(step.Source)
	if isReconciler && stringOf(step, activity.DetailOperation) == "BatchGetItem" {
		return // the reconciler reads the items of all events in each run
	}
	slug := ""
	if found, ok := s.functions.Load(step.Source); ok {
		slug = found.(string)
	}
	s.journal.add(step, slug)
}

// SetPipelines sets the pipelines that the console shows.
func (s *Server) SetPipelines(pipelines []deployment.Pipeline) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pipelines = nil
	for _, p := range pipelines {
		v := newView(s, p, s.pipelines)
		s.pipelines = append(s.pipelines, v)
		if s.o.Resume {
			v.addUnfinishedReplays()
		}
		names := []string{p.APIFunction, p.WorkerFunction, p.ReconcilerFunction, p.Bus}
		for _, name := range names {
			if name != "" { // a pipeline can have no bus
				s.functions.Store(name, v.Slug)
			}
		}
		s.functions.Store(queueName(p.DLQURL), v.Slug)
		s.reconcilers.Store(p.ReconcilerFunction, true)
	}
}

// Serve serves the console on a listener of a loopback address until Close is called.
func (s *Server) Serve(l net.Listener) error {
	handler := s.access.check(l.Addr().String(), s.handler())
	s.mu.Lock()
	s.server = &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	s.mu.Unlock()
	if s.ctx.Err() != nil {
		return nil
	}
	if err := s.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// URL returns the address that the user opens. The address contains the token. l is the listener
// that is passed to Serve.
func (s *Server) URL(l net.Listener) string {
	return "http://" + l.Addr().String() + "/?token=" + s.access.token
}

// closeTimeout limits the time that Close waits for jobs. In this time, redrives and discards make
// their messages visible again, and replays store their progress.
const closeTimeout = 10 * time.Second

// Close ends the jobs and the streams, and stops the server.
func (s *Server) Close() error {
	s.stop()
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	for _, v := range s.views() {
		v.jobs.waitForAll(ctx)
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	var err error
	if s.server != nil {
		err = s.server.Close()
	}
	return errors.Join(err, s.journal.file.Close())
}

// find returns the pipeline with the slug, or nil.
func (s *Server) find(slug string) *view {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, v := range s.pipelines {
		if v.Slug == slug {
			return v
		}
	}
	return nil
}

// views returns the pipelines.
func (s *Server) views() []*view {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.pipelines
}

// view is a pipeline with the jobs that the console runs for it.
type view struct {
	deployment.Pipeline
	Slug   string // names the pipeline in URLs
	Title  string
	server *Server
	jobs   jobs
	cache  cache

	dryRuns dryRuns // of changes of dead letters
	// scanning is locked while the console scans the DLQ. SQS hides scanned messages, so concurrent
	// scans miss messages.
	scanning sync.Mutex
}

func newView(s *Server, p deployment.Pipeline, others []*view) *view {
	title := p.Name
	if title == "" {
		title = p.Stack
	}
	v := &view{Pipeline: p, Slug: slugOf(title), Title: title, server: s}
	for _, other := range others {
		if other.Slug == v.Slug {
			v.Slug, v.Title = slugOf(p.Stack+"-"+title), p.Stack+"/"+title
		}
	}
	return v
}

// slugOf keeps the text's ASCII letters and digits. It replaces each other character with a hyphen.
func slugOf(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, text)
}

func queueName(url string) string { return url[strings.LastIndex(url, "/")+1:] }

func newToken() string { return rand.Text() }
