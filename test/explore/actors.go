package explore

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/testing/porttest"
)

// System represents a pipeline under test.
type System struct {
	Accept func(ctx context.Context, p *process, req pipeline.Request,
		newID func() (string, error)) (pipeline.Accepted, error)
	Process func(ctx context.Context, p *process,
		deliveries []pipeline.Delivery) []pipeline.Result
	Reconciles              bool // the system has a reconciler
	MaxReceives             int  // limit of the queue's redrive policy
	ContinuesAfterViolation bool // a schedule does not end at its first violation
}

// Ours is the pipeline's real code.
var Ours = System{Accept: accept, Process: processBatch, Reconciles: true, MaxReceives: 100}

const (
	maxPayload = 1000
	retention  = 40 * 24 * time.Hour
)

func accept(ctx context.Context, p *process, req pipeline.Request,
	newID func() (string, error)) (pipeline.Accepted, error) {
	in := pipeline.Ingest{
		Bronze: bronzePort{p}, Items: itemsPort{process: p}, Queue: queuePort{p},
		KeyCache: p.run.keyCache, BronzeBucket: "bronze", MaxPayloadBytes: maxPayload,
		StatusRetention: retention, Now: time.Now, NewID: newID,
	}
	if p.run.poison[sha256Hex(req.Body)] { // older versions accepted this body
		event, err := porttest.AcceptOlder(ctx, in, req.Body)
		return pipeline.Accepted{Event: event}, err
	}
	return in.Accept(ctx, req)
}

func processBatch(ctx context.Context, p *process,
	deliveries []pipeline.Delivery) []pipeline.Result {
	worker := pipeline.Worker{
		Items: itemsPort{process: p}, Bronze: bronzePort{p}, Silver: silverPort{p}, Bus: busPort{p},
		Queue: queuePort{p}, DeadLetters: deadLettersPort{p}, BronzeBucket: "bronze",
		SilverBucket: "silver", MaxReceiveCount: maxReceiveCount, StopBefore: 5 * time.Second,
		StatusRetention: retention, Now: time.Now, Jitter: func() float64 { return 0.5 },
	}
	if p.run.scenario.Processor != nil || len(p.run.crashing) > 0 {
		worker.Processor = userProcessor{p}
	}
	return worker.Process(ctx, deliveries)
}

// client sends a request. After an error, client repeats a request that has a key.
func (r *run) client(number int, body, key string) {
	r.sendRequest(number, pipeline.Request{
		Body: []byte(body), Keyed: key != "", Key: key, Caller: "caller",
	})
}

// stripe is the only webhook source.
var stripe = &pipeline.Webhook{Source: "stripe"}

// webhook sends a delivery of the webhook source. After an error, webhook repeats the delivery.
func (r *run) webhook(number int, body, deliveryKey string) {
	r.sendRequest(number, pipeline.Request{
		Body: []byte(body), Caller: pipeline.WebhookCaller(stripe.Source),
		Webhook: &pipeline.WebhookRequest{
			Webhook: *stripe, Type: "demo", DeliveryKey: deliveryKey, Payload: []byte(body),
		},
	})
}

func (r *run) sendRequest(number int, request pipeline.Request) {
	name := "client " + strconv.Itoa(number)
	r.spawn("client", name, hash(name), 0, func(ctx context.Context, p *process) error {
		attempt := 0
		newID := func() (string, error) {
			attempt++ // each attempt needs its own id: Ingest stores the id of a keyed request
			return idOf(number + 1000*(attempt-1)), nil
		}
		for range cmp.Or(r.scenario.Attempts, 3) {
			result, err := r.system.Accept(ctx, p, request, newID)
			if err == nil {
				// The response 202 can be lost.
				err = p.exec(ctx, "Answer", result.Event.ID, aResponse, func() error {
					r.acknowledge(name, request, result)
					return nil
				})
			} else if pipeline.ErrorCode(err) != pipeline.Unavailable {
				return p.exec(ctx, "Answer", "is rejected", aResponse, func() error {
					r.reject(name, request, err)
					return nil
				})
			}
			if err != nil {
				p.report(func(r *reaction) { r.unanswered = true })
			}
			if err == nil || keyOf(request) == "" {
				return err
			}
		}
		return errors.New("all attempts failed")
	})
}

// keyOf returns the key that is the same in repeated requests, or "".
func keyOf(request pipeline.Request) string {
	if request.Webhook != nil {
		return request.Webhook.DeliveryKey
	}
	return request.Key
}

// idOf returns the id of the event that the client sends without a key.
func idOf(client int) string { return fmt.Sprintf("019b0000-0000-7000-8000-%012d", client) }

func sha256Hex(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// appendDeliveries appends a step for each batch that the queue can deliver. The queue can deliver
// the oldest messages as one batch. At the cost of a preemption, it can deliver any message alone.
// At most two workers run at the same time.
func (r *run) appendDeliveries(steps []step, cost Budget) []step {
	running := 0
	for i := range r.actors {
		if a := &r.actors[i]; a.alive() && a.role() == "worker" {
			running++
		}
	}
	if running == 2 {
		return steps
	}
	visible := r.queue.visible(r.now)
	if len(visible) == 0 {
		return steps
	}
	// A batch never contains two copies of a message, because the explorer can't distinguish the
	// calls for these copies.
	var batch []*message
	for _, m := range visible {
		twice := slices.ContainsFunc(batch,
			func(other *message) bool { return other.body == m.body })
		if !twice && len(batch) < max(r.scenario.Batch, 1) {
			batch = append(batch, m)
		}
	}
	steps = r.appendReceive(steps, batch, cost)
	if len(visible) > 1 {
		cost.Preemptions++
		for _, m := range visible {
			steps = r.appendReceive(steps, []*message{m}, cost)
		}
	}
	return steps
}

// appendReceive appends a step for each outcome of the delivery of a batch.
func (r *run) appendReceive(steps []step, batch []*message, cost Budget) []step {
	outcomes := []outcome{{Kind: Succeed}}
	for i := range batch {
		outcomes = append(outcomes, outcome{Duplicated, i}, outcome{Delayed, i})
	}
	for _, h := range outcomes {
		steps = append(steps, step{cost.plus(h.cost()), func() { r.deliver(batch, h) }})
	}
	return steps
}

// workerTimeout is the timeout of a worker. It is not a multiple of pipeline.SubBatchWait, because
// timers that expire at the same time have a random order.
const workerTimeout = time.Minute + 300*time.Millisecond

// deliver starts a worker with a batch. When the worker has ended, deliver deletes the messages
// that need no retry. Lambda's event source mapping does the same.
func (r *run) deliver(batch []*message, h outcome) {
	r.coverage.add("Queue.Receive", h.Kind)
	batch = slices.Clone(batch)
	switch m := batch[h.entry]; h.Kind {
	case Duplicated:
		r.queue.send(message{event: m.event, body: m.body, receives: m.receives, visibleAt: r.now})
	case Delayed:
		r.queue.receive(m, m.receives, r.now.Add(longDelay))
		batch = slices.Delete(batch, h.entry, h.entry+1)
	}
	var deliveries []pipeline.Delivery
	var names []string
	input := hash("batch")
	replays := make(map[string]pipeline.Replay)
	for _, m := range batch {
		m = r.queue.receive(m, m.receives+1, r.now.Add(visibility))
		input = hash(input, m.content, m.receives)
		names = append(names, m.receiptHandle())
		deliveries = append(deliveries, pipeline.Delivery{MessageID: strconv.Itoa(m.number),
			ReceiptHandle: m.receiptHandle(), Attempt: m.receives, Body: []byte(m.body)})
		replays[m.event.ID] = m.event.Replay
	}
	r.tracef("the queue delivers %s: %s", strings.Join(names, " and "), h)
	if len(batch) == 0 {
		return
	}
	r.workers++
	r.current = r.spawn("worker", fmt.Sprintf("worker %d", r.workers), input, workerTimeout,
		func(ctx context.Context, p *process) error {
			p.replays = replays
			for _, result := range r.system.Process(ctx, p, deliveries) {
				if result.Retry {
					continue
				}
				handle := result.Delivery.ReceiptHandle
				deleteMessage := func() error {
					r.queue.delete(handle)
					return nil
				}
				ctx := context.Background() // messages are deleted even after the worker's deadline
				_ = p.exec(ctx, "Queue.Delete", handle, aResponse, deleteMessage)
			}
			return nil
		})
	for _, d := range deliveries {
		mark := pipeline.Begun{MessageID: d.MessageID, Attempt: d.Attempt}
		r.byMark = copyWith(r.byMark, mark, r.current)
	}
	if r.scenario.Broken {
		r.tracef("%s crashes at its start", r.actors[r.current].name)
		r.crash(r.current)
	}
}

// reconcile starts the reconciler's next run.
func (r *run) reconcile() {
	name := fmt.Sprintf("reconciler %d", len(r.ticks)+1)
	r.ticks = append(r.ticks, r.spawn("reconciler", name, hash(name), 5*time.Minute,
		func(ctx context.Context, p *process) error {
			_, err := pipeline.Reconciler{
				Bronze: bronzePort{p}, Items: itemsPort{p, true}, Silver: silverPort{p},
				Queue: queuePort{p}, DeadLetters: deadLettersPort{p}, Bus: busPort{p},
				Checkpoints: checkpointsPort{p}, SilverBucket: "silver", Grace: grace,
				Window: 24 * time.Hour, MaxReenqueues: maxReenqueues, StopBefore: 30 * time.Second,
				StatusRetention: retention, Now: time.Now,
			}.Run(ctx)
			return err
		}))
}

// replay starts an operator's replay of all events received so far.
func (r *run) replay(replay pipeline.Replay) {
	to := r.now.Add(time.Hour)
	r.startReplay(pipeline.ReplayRequest{Replay: replay, From: r.began, To: to})
}

// replayOrphans starts an operator's replay of all orphans, unless another replay is running.
func (r *run) replayOrphans() {
	for i := range r.actors {
		if a := &r.actors[i]; a.alive() && a.role() == "replay" {
			return
		}
	}
	r.startReplay(pipeline.ReplayRequest{Replay: pipeline.Replay{ID: "replay-1"}, Orphans: true,
		From: r.began, To: r.now.Add(time.Hour)})
}

// startReplay starts an operator's replay. If the replay fails, the operator resumes it once.
func (r *run) startReplay(request pipeline.ReplayRequest) {
	request.Type = "demo"
	replay := request.Replay
	r.spawn("replay", "replay "+replay.ID, hash("replay "+replay.ID), 0,
		func(ctx context.Context, p *process) error {
			replayer := pipeline.Replayer{
				Bronze: bronzePort{p}, Items: itemsPort{process: p}, Silver: silverPort{p},
				Queue: queuePort{p}, Checkpoints: checkpointsPort{p}, ChunkSize: 100,
				BronzeBucket: "bronze",
				Throttle:     func(context.Context, int) error { return nil }, Now: time.Now,
			}
			after := ""
			page := func(key string, _ pipeline.ReplayCounts) error {
				after = key
				return nil
			}
			err := replayer.Run(ctx, request, after, page)
			if err != nil {
				err = replayer.Run(ctx, request, after, page)
			}
			return err
		})
}

// redrive starts an operator's redrive of the whole DLQ.
func (r *run) redrive() {
	deadLetters := slices.Clone(r.queue.deadLetters)
	bodies := make([][]byte, len(deadLetters))
	input := hash("redrive")
	for i, l := range deadLetters {
		bodies[i] = l.Body
		input = hash(input, string(l.Body), l.FailedAt)
	}
	r.spawn("redrive", "redrive", input, 0, func(ctx context.Context, p *process) error {
		redriver := pipeline.Redriver{
			Items: itemsPort{process: p}, Queue: queuePort{p}, Checkpoints: checkpointsPort{p},
			BronzeBucket: "bronze", Now: time.Now,
		}
		for i, result := range redriver.Redrive(ctx, bodies) {
			if result.Err != nil {
				continue
			}
			_ = p.exec(ctx, "DLQ.Delete", result.Event.ID, aResponse, func() error {
				r.queue.deadLetters = slices.DeleteFunc(slices.Clone(r.queue.deadLetters),
					func(l pipeline.DeadLetter) bool {
						return string(l.Body) == string(bodies[i]) &&
							l.FailedAt.Equal(deadLetters[i].FailedAt)
					})
				return nil
			})
		}
		return nil
	})
}
