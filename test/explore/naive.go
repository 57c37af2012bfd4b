package explore

import (
	"context"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// Naive represents a simple pipeline with typical mistakes. As a control, it must violate
// invariants.
//   - The API stores the payload, then writes the item, then sends the message.
//   - The worker stores the record, then updates the item, then publishes the notification. If one
//     event of a batch fails, the worker retries the whole batch.
//   - No write has a condition, even after a read of the item.
//   - For other failures, Naive relies on the queue's retries and the DLQ.
var Naive = System{Accept: naiveAccept, Process: naiveProcess,
	MaxReceives: maxReceiveCount, ContinuesAfterViolation: true}

func naiveAccept(ctx context.Context, p *process, req pipeline.Request,
	newID func() (string, error)) (pipeline.Accepted, error) {
	id, err := newID()
	if err != nil {
		return pipeline.Accepted{}, err
	}
	if req.Keyed {
		text := sha256Hex([]byte(req.Caller + req.Key))
		id = text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:32]
		if item, err := (itemsPort{process: p}).Find(ctx, id); err == nil {
			if item.SHA256 != sha256Hex(req.Body) {
				return pipeline.Accepted{}, pipeline.Errorf(pipeline.KeyReused,
					"the key was used for another payload")
			}
			return pipeline.Accepted{Event: item.Event, Duplicate: true}, nil
		}
	}
	event := pipeline.Event{
		ID: id, Type: "demo", ReceivedAt: time.Now().UTC().Truncate(time.Millisecond),
		SHA256: sha256Hex(req.Body), Bytes: len(req.Body),
	}
	event.Bronze = pipeline.Location{Bucket: "bronze", Key: event.BronzeKey()}
	item := pipeline.Item{Event: event, Status: pipeline.Enqueued, EnqueuedAt: event.ReceivedAt}
	err = p.exec(ctx, "Bronze.Put", event.Bronze.Key, aWrite, func() error {
		p.run.bronze.write(event.Bronze.Key, req.Body, p.run.now)
		return nil
	})
	if err != nil {
		return pipeline.Accepted{}, unavailable(err)
	}
	if err := naiveWrite(ctx, p, item); err != nil {
		return pipeline.Accepted{}, unavailable(err)
	}
	if err := (queuePort{p}).Send(ctx, event); err != nil {
		return pipeline.Accepted{}, unavailable(err)
	}
	return pipeline.Accepted{Event: event}, nil
}

func unavailable(err error) error { return &pipeline.Error{Code: pipeline.Unavailable, Err: err} }

func naiveWrite(ctx context.Context, p *process, item pipeline.Item) error {
	return p.exec(ctx, "Items.Put", item.ID+" "+string(item.Status), aWrite, func() error {
		p.run.table.write(item)
		return nil
	})
}

func naiveProcess(ctx context.Context, p *process,
	deliveries []pipeline.Delivery) []pipeline.Result {
	results := make([]pipeline.Result, len(deliveries))
	failed := false
	for i, d := range deliveries {
		results[i].Delivery = d
		failed = failed || naiveProcessOne(ctx, p, d) != nil
	}
	for i := range results {
		results[i].Retry = failed
	}
	return results
}

func naiveProcessOne(ctx context.Context, p *process, d pipeline.Delivery) error {
	event, err := pipeline.ReadMessage(d.Body, "bronze")
	if err != nil {
		return err
	}
	payload, err := bronzePort{p}.Get(ctx, event.Bronze.Key)
	if err != nil {
		return err
	}
	output, err := pipeline.Transform(ctx, nil, event, d.Attempt, payload)
	if err != nil {
		return err
	}
	records := pipeline.NewRecords(event, output, time.Now())
	lines, err := records.Lines()
	if err != nil {
		return err
	}
	item := pipeline.Item{
		Event: event, Status: pipeline.Processed, ProcessedAt: records[0].ProcessedAt,
		Silver: pipeline.Location{Bucket: "silver", Key: event.SilverKey()},
	}
	err = p.exec(ctx, "Silver.Put", event.SilverKey(), aWrite, func() error {
		p.run.checkRecord(event.SilverKey(), lines)
		p.run.silver.write(event.SilverKey(), lines, p.run.now)
		return nil
	})
	if err != nil {
		return err
	}
	if err := naiveWrite(ctx, p, item); err != nil {
		return err
	}
	return busPort{p}.Publish(ctx, []pipeline.Notification{pipeline.NewNotification(item)})[0]
}
