package console

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/replay"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/stdio"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// replayData holds the content of the page of replays.
type replayData struct {
	Query   url.Values
	Types   []string
	Jobs    jobGroups
	Command string
}

func (v *view) replayPage(w http.ResponseWriter, r *http.Request) {
	types, _ := v.bronzeTypes(r.Context()) // only suggestions; a dry run reports the error
	data := replayData{
		Query: r.URL.Query(), Types: types, Jobs: groupJobs(v.jobs.pageJobs("replay")),
		Command: v.command("replay", "--type", "TYPE", "--from", "24h", "--dry-run"),
	}
	v.show(w, r, page{Title: "Replay", Nav: "replay", Live: "tick", Data: data})
}

// replayState returns the state of a new replay that the form describes.
func (v *view) replayState(form url.Values) (*replay.State, error) {
	get := func(name string) string { return strings.TrimSpace(form.Get(name)) }
	s := &replay.State{
		EventID: get("event"), Type: get("type"),
		Failed: get("select") == "failed", Orphans: get("select") == "orphans",
	}
	s.Replay = pipeline.Replay{ID: uuid.Must(uuid.NewV7()).String(), Quiet: get("quiet") != ""}
	if s.Failed && s.Replay.Quiet { // a replay of FAILED events is a redrive, which is never quiet
		return nil, errors.New("a replay of FAILED events always publishes notifications: " +
			"clear \"Without notifications\"")
	}
	if text := get("rate"); text != "" {
		rate, err := strconv.ParseFloat(text, 64)
		if err != nil || !(rate > 0 && rate <= replay.MaxRate) {
			return nil, fmt.Errorf("the rate must be above 0 and at most %.0f, got %q",
				replay.MaxRate, text)
		}
		s.Rate = rate
	}
	if s.EventID != "" {
		return s, checkID(s.EventID)
	}
	if !pipeline.ValidType(s.Type) {
		return nil, fmt.Errorf(`the type must be a letter, then up to 63 letters, digits, ".", `+
			`"_" or "-", got %q`, s.Type)
	}
	now := time.Now()
	var err error
	if s.From, err = parseTime(get("from"), now); err != nil {
		return nil, fmt.Errorf("from: %w", err)
	}
	s.To = now.UTC()
	if text := get("to"); text != "" {
		if s.To, err = parseTime(text, now); err != nil {
			return nil, fmt.Errorf("to: %w", err)
		}
	}
	if !s.From.Before(s.To) {
		return nil, fmt.Errorf("\"from\" must be before \"to\", got %s and %s",
			s.From.Format(time.RFC3339), s.To.Format(time.RFC3339))
	}
	return s, nil
}

// startCount starts a dry run or a comparison. Neither of them changes data.
func (v *view) startCount(w http.ResponseWriter, r *http.Request) {
	v.respond(w, r, func(v *view, r *http.Request) (response, error) {
		if err := r.ParseForm(); err != nil {
			return response{}, err
		}
		s, err := v.replayState(r.Form)
		if err != nil {
			return response{}, err
		}
		if _, err := s.FindEvent(r.Context(), v.Pipeline); err != nil {
			return response{}, err
		}
		switch r.PathValue("kind") {
		case "count":
			v.startCounting(s, r.PostForm.Encode())
		case "compare":
			worker := strings.TrimSpace(r.Form.Get("worker"))
			if worker != "" && !v.server.o.Write {
				return response{}, errors.New(
					"a comparison runs the worker's code: " +
						"to allow this, start the console with --write")
			}
			v.startComparison(s, worker)
		default:
			return response{}, errors.New("unknown action")
		}
		return response{Location: v.path("replay") + "?" + r.PostForm.Encode()}, nil
	})
}

// timesOf returns the range of receipt times that s selects. It returns zero times if s selects one
// event by its id.
func timesOf(s *replay.State) (from, to time.Time) {
	if s.EventID != "" {
		return from, to
	}
	return s.From, s.To
}

func (v *view) startCounting(s *replay.State, form string) {
	from, to := timesOf(s)
	v.jobs.start(v.server.ctx, job{
		Page: "replay", Kind: "count", Title: "Dry run: " + escape(s.String()),
		From: from, To: to, Form: form, counted: s,
		run: func(ctx context.Context, update func(func(*job))) error {
			counts, err := s.Count(ctx, replay.NewReplayer(v.Pipeline, s), func(scanned int) {
				update(func(j *job) { j.Done = scanned })
			})
			update(func(j *job) {
				j.Total = counts.Sent
				j.Results = append([]field{{"To replay", formatCount(counts.Sent)}},
					countFields(counts)...)
			})
			return err
		},
	})
}

func countFields(c pipeline.ReplayCounts) []field {
	fields := []field{
		{"Objects scanned", formatCount(c.Scanned)}, {"Events matched", formatCount(c.Matched)},
	}
	for _, each := range []struct {
		name string
		n    int
	}{
		{"Skipped: on the queue", c.Enqueued}, {"Skipped: failed", c.Failed},
		{"Skipped: done", c.Done}, {"Orphans", c.Orphans}, {"Too young", c.Young},
	} {
		if each.n > 0 {
			fields = append(fields, field{each.name, formatCount(each.n)})
		}
	}
	return fields
}

// Notes below the result of a comparison.
const (
	noteDefaultProcessor = "The new records are made by the platform's default processor. If the " +
		"pipeline has another worker, enter the worker's folder and compare again."
	noteSkipped = "Skipped events have no record to compare: they are ENQUEUED or FAILED, are " +
		"outside of the times, or were never accepted."
)

func (v *view) startComparison(s *replay.State, worker string) {
	processor := "the worker in " + escape(worker)
	if worker == "" {
		processor = "the default processor"
	}
	from, to := timesOf(s)
	v.jobs.start(v.server.ctx, job{
		Page: "replay", Kind: "compare",
		Title: "Compare with " + processor + ": " + escape(s.String()), From: from, To: to,
		run: func(ctx context.Context, update func(func(*job))) error {
			r := replay.NewReplayer(v.Pipeline, s)
			if worker == "" {
				err := compare(ctx, r, s, update)
				update(func(j *job) {
					if len(j.Changed) > 0 {
						j.Notes = append(j.Notes, noteDefaultProcessor)
					}
				})
				return err
			}
			var log tail
			err := replay.WithWorker(ctx, worker, &log,
				func(ctx context.Context, client *stdio.Client) error {
					r.Processor = client
					return compare(ctx, r, s, update)
				})
			if err != nil {
				return fmt.Errorf("%w\n%s", err, log.String())
			}
			return nil
		},
	})
}

func compare(
	ctx context.Context, r pipeline.Replayer, s *replay.State, update func(func(*job)),
) error {
	report := func(d pipeline.Difference) {
		d.Reason = escape(d.Reason)
		for i := range d.Fields {
			d.Fields[i] = escape(d.Fields[i])
		}
		update(func(j *job) {
			if len(j.Changed) < maxDifferences {
				j.Changed = append(j.Changed, d)
			}
		})
	}
	skipped := 0
	defer func() {
		if skipped > 0 {
			update(func(j *job) { j.Notes = append(j.Notes, noteSkipped) })
		}
	}()
	return r.Compare(ctx, s.Request(true), report, func(_ string, c pipeline.Comparison) error {
		skipped = c.Skipped
		update(func(j *job) {
			j.Done = c.Scanned
			j.Results = []field{
				{"Same", formatCount(c.Same)}, {"Changed", formatCount(c.Changed)},
				{"Missing in Silver", formatCount(c.Missing)},
				{"Rejected today", formatCount(c.Rejected)}, {"Skipped", formatCount(c.Skipped)},
			}
		})
		return nil
	})
}

// tail keeps the last 4 KiB that were written.
type tail struct{ text []byte }

func (t *tail) Write(p []byte) (int, error) {
	const limit = 4 << 10
	if t.text = append(t.text, p...); len(t.text) > limit {
		t.text = t.text[len(t.text)-limit:]
	}
	return len(p), nil
}

func (t *tail) String() string { return string(t.text) }
