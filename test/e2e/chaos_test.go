package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	dynamodbitems "github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/dynamodb"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/pipeline"
)

// faults configures the injected faults. About one AWS call in thirteen gets a fault. During some
// calls, the sandbox is killed. Some messages are delivered twice.
const faults = `{
	"seed": 1, "killRate": 0.002, "duplicateDeliveryRate": 0.05,
	"rules": [
		{"fault": "error", "rate": 0.02},
		{"fault": "throttle", "rate": 0.02},
		{"fault": "lost-response", "rate": 0.02},
		{"fault": "slow", "rate": 0.02, "delayMs": 100},
		{"fault": "timeout", "rate": 0.001, "function": "worker"}
	]
}`

func TestChaos_EveryAcceptedEventHasOneRecord(t *testing.T) {
	t.Parallel() // the test mostly waits for retries
	const events = 3000
	file := filepath.Join(t.TempDir(), "faults.json")
	if err := os.WriteFile(file, []byte(faults), 0o600); err != nil {
		t.Fatal(err)
	}
	p := startTestApp(t, "local", "--faults", file)
	acknowledged := p.sendLoad(t, events)
	if len(acknowledged) < events*8/10 {
		t.Fatalf("only %d of %d events were accepted", len(acknowledged), events)
	}
	p.waitUntilFinished(t, acknowledged)
	p.expectEachOnce(t, acknowledged)
	waitUntil(t, func() string { // only scheduled runs of the reconciler write a checkpoint
		if len(p.getItem(t, p.Outputs["EventsTableName"], "CHECKPOINT#reconciler")) == 0 {
			return "the reconciler has not run on its schedule"
		}
		return ""
	})
	for _, fault := range []string{
		"error", "throttle", "lost-response", "slow", "kill",
		"duplicate-delivery",
	} {
		if !strings.Contains(p.log.String(), `"fault":"`+fault+`"`) {
			t.Errorf("the fault %s was not injected", fault)
		}
	}
}

func TestChaos_KilledPlatformKeepsAcknowledgedEvents(t *testing.T) {
	const events = 1500
	flags := []string{"--data", t.TempDir(), "--api-port", freePort(t), "--aws-port", freePort(t)}
	p := startTestApp(t, "local", flags...)
	acknowledged := make(map[string]bool)
	var mu sync.Mutex
	killed := make(chan struct{})
	concurrently(16, events, func(i int) {
		response, err := p.trySend(t.Context(), "", fmt.Sprintf(`{"eventType":"killed","n":%d}`, i))
		if err != nil || response.status != http.StatusAccepted {
			return // the platform has been killed
		}
		mu.Lock()
		defer mu.Unlock()
		acknowledged[response.id] = false
		if len(acknowledged) == events/3 {
			_ = p.cmd.Process.Signal(syscall.SIGKILL)
			close(killed)
		}
	})
	<-killed
	<-p.done
	p = startTestApp(t, "local", flags...)
	p.waitUntilFinished(t, acknowledged)
	p.expectEachOnce(t, acknowledged)
}

// freePort returns a free port for a platform that starts later. The port is below 32768, because
// the system assigns ports above 32767 to other tests.
func freePort(t *testing.T) string {
	t.Helper()
	for range 100 {
		port := strconv.Itoa(10_000 + rand.IntN(20_000))
		if listener, err := net.Listen("tcp", "127.0.0.1:"+port); err == nil {
			listener.Close()
			return port
		}
	}
	t.Fatal("found no free port")
	return ""
}

// sendLoad sends n requests:
//   - one in a hundred has a batch of 20 events
//   - one in ten has an idempotency key, which two requests share
//   - one in a hundred has a poison event, which the worker can never process
//
// The result maps the id of each acknowledged event to true if the event is poison.
func (p *platform) sendLoad(t *testing.T, n int) map[string]bool {
	t.Helper()
	var mu sync.Mutex
	acknowledged, byKey := make(map[string]bool), make(map[string]string)
	concurrently(32, n, func(i int) {
		if i%100 == 0 {
			id := p.acceptAsOlderVersion(t, `{"eventType":"chaos","n":1e999}`)
			mu.Lock()
			acknowledged[id] = true
			mu.Unlock()
			return
		}
		if i%100 == 50 {
			ids := p.sendBatch(t, i, 20)
			mu.Lock()
			defer mu.Unlock()
			for _, id := range ids {
				acknowledged[id] = false
			}
			return
		}
		key, body := "", fmt.Sprintf(`{"eventType":"chaos","n":%d}`, i)
		if i%20 < 2 {
			key = fmt.Sprintf("key-%d", i/20)
			body = fmt.Sprintf(`{"eventType":"chaos","n":%q}`, key)
		}
		response, err := p.trySend(t.Context(), key, body)
		failed := func() bool { return err != nil || response.status != http.StatusAccepted }
		for try := 0; key != "" && try < 3 && failed(); try++ {
			response, err = p.trySend(t.Context(), key, body) // a key makes retries safe
		}
		if failed() {
			if err == nil && response.status < http.StatusInternalServerError {
				t.Errorf("event %d: got status %d", i, response.status)
			}
			return
		}
		mu.Lock()
		defer mu.Unlock()
		acknowledged[response.id] = false
		if key != "" && byKey[key] != "" && byKey[key] != response.id {
			t.Errorf("%s belongs to the events %s and %s", key, byKey[key], response.id)
		}
		byKey[key] = response.id
	})
	return acknowledged
}

// sendBatch sends a batch of n events with an idempotency key. It returns the ids of the accepted
// events.
func (p *platform) sendBatch(t *testing.T, number, n int) []string {
	t.Helper()
	elements := slices.Repeat([]string{fmt.Sprintf(`{"eventType":"chaos","n":%d}`, number)}, n)
	body := "[" + strings.Join(elements, ",") + "]"
	for range 4 {
		response, err := p.trySend(t.Context(), fmt.Sprintf("batch-%d", number), body)
		if err == nil && response.status == http.StatusAccepted {
			return strings.Fields(response.ids)
		}
	}
	return nil
}

// concurrently calls the function `step` with each number from 0 to n-1, in random order. At most
// `workers` calls run at the same time.
func concurrently(workers, n int, step func(i int)) {
	var running sync.WaitGroup
	next := make(chan int)
	for range workers {
		running.Go(func() {
			for i := range next {
				step(i)
			}
		})
	}
	for _, i := range rand.Perm(n) {
		next <- i
	}
	close(next)
	running.Wait()
}

// trySend sends an event and returns the API's response.
func (p *platform) trySend(ctx context.Context, key, body string) (ingestResponse, error) {
	request, err := http.NewRequestWithContext(ctx, "POST", p.API+"/events",
		strings.NewReader(body))
	if err != nil {
		return ingestResponse{}, err
	}
	request.Header.Set("Content-Type", "application/json")
	if key != "" {
		request.Header.Set("Idempotency-Key", key)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return ingestResponse{}, err
	}
	defer response.Body.Close()
	var decoded struct {
		EventID string
		Events  []struct{ EventID string }
	}
	// A response of API Gateway itself has no id.
	_ = json.NewDecoder(response.Body).Decode(&decoded)
	replayed := response.Header.Get("Idempotency-Replayed")
	result := ingestResponse{status: response.StatusCode, id: decoded.EventID, replayed: replayed}
	for _, event := range decoded.Events {
		result.ids += " " + event.EventID
	}
	return result, nil
}

// waitUntilFinished runs the reconciler until every acknowledged event is PROCESSED or FAILED and
// the reconciler finds nothing to repair.
func (p *platform) waitUntilFinished(t *testing.T, acknowledged map[string]bool) {
	t.Helper()
	waitUntil(t, func() string {
		statuses := p.scanStatuses(t)
		unfinished := 0
		for id := range acknowledged {
			batchID, _, _ := strings.Cut(id, ".") // the reconciler reports unfinished parts
			if status := statuses[batchID]; status != "PROCESSED" && status != "FAILED" {
				unfinished++
			}
		}
		out, err := command(t.Context(), "reconcile", "--aws", p.AWS, "--since", "2h",
			"--json").Output()
		var report struct{ Waiting, Reenqueued, GivenUp, Repaired, Errors int }
		if err != nil || json.Unmarshal(out, &report) != nil {
			// An injected fault can cause this error. The next attempt can succeed.
			return fmt.Sprintf("the reconciler fails: %v", err)
		}
		changes := report.Reenqueued + report.GivenUp + report.Repaired
		if unfinished+report.Waiting+changes+report.Errors > 0 {
			return fmt.Sprintf("%d acknowledged events are unfinished; the reconciler reports %s",
				unfinished, out)
		}
		if n := p.queueDepth(t, "QueueUrl"); n > 0 {
			return fmt.Sprintf("%d messages on the queue", n)
		}
		return ""
	})
}

// expectEachOnce checks that each acknowledged event has one record or is in the DLQ.
func (p *platform) expectEachOnce(t *testing.T, acknowledged map[string]bool) {
	t.Helper()
	statuses, deadLetters := p.scanStatuses(t), p.deadLetters(t)
	records := p.countRecords(t)
	items := dynamodbitems.NewItems(p.awsConfig(), p.Outputs["EventsTableName"])
	for id := range acknowledged {
		if strings.Contains(id, ".") {
			item, err := pipeline.LookUp(t.Context(), items, id)
			if err != nil {
				t.Fatal(err)
			}
			statuses[id] = string(item.Status)
		}
	}
	counts := make(map[string]int)
	for id, poison := range acknowledged {
		counts[statuses[id]]++
		switch {
		case statuses[id] == "PROCESSED" && !poison && records[id] == 1:
		case statuses[id] == "FAILED" && deadLetters[id]:
		default:
			t.Errorf("event %s (poison: %t) is %s, with %d records; in the DLQ: %t",
				id, poison, statuses[id], records[id], deadLetters[id])
		}
	}
	for id, n := range records {
		if statuses[id] != "PROCESSED" || n != 1 {
			t.Errorf("event %s is %s and has %d records", id, statuses[id], n)
		}
	}
	t.Logf("%d acknowledged events: %v; %d records in Silver, %d events in the DLQ",
		len(acknowledged), counts, len(records), len(deadLetters))
}

// countRecords returns how many records each event has in Silver.
func (p *platform) countRecords(t *testing.T) map[string]int {
	t.Helper()
	counts := make(map[string]int)
	var mu sync.Mutex
	keys := p.listKeys(t, "SilverBucketName", "silver/")
	concurrently(32, len(keys), func(i int) {
		location := map[string]any{"bucket": p.Outputs["SilverBucketName"], "key": keys[i]}
		records, err := pipeline.ReadRecords([]byte(p.readObject(t, location)))
		if err != nil {
			t.Errorf("%s: %v", keys[i], err)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, record := range records {
			counts[record.ID]++
		}
	})
	return counts
}

// scanStatuses returns the status of every event. The map's keys are event ids.
func (p *platform) scanStatuses(t *testing.T) map[string]string {
	t.Helper()
	statuses := make(map[string]string)
	table := p.Outputs["EventsTableName"]
	client := dynamodb.NewFromConfig(p.awsConfig())
	pages := dynamodb.NewScanPaginator(client, &dynamodb.ScanInput{TableName: &table})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range page.Items {
			if id, ok := item["eventId"].(*dynamodbtypes.AttributeValueMemberS); ok {
				statuses[id.Value] = stringAttribute(item, "status")
			}
		}
	}
	return statuses
}

// deadLetters returns the ids of the events in the DLQ.
func (p *platform) deadLetters(t *testing.T) map[string]bool {
	t.Helper()
	ids := make(map[string]bool)
	url := p.Outputs["DeadLetterQueueUrl"]
	for {
		out, err := sqs.NewFromConfig(p.awsConfig()).ReceiveMessage(t.Context(),
			&sqs.ReceiveMessageInput{
				QueueUrl: &url, MaxNumberOfMessages: 10, VisibilityTimeout: 600,
				MessageSystemAttributeNames: []sqstypes.MessageSystemAttributeName{"All"},
			})
		if err != nil {
			t.Fatal(err)
		}
		if len(out.Messages) == 0 {
			return ids
		}
		for _, m := range out.Messages {
			var event struct{ EventID string }
			if err := json.Unmarshal([]byte(*m.Body), &event); err != nil {
				t.Errorf("the DLQ holds %s", *m.Body)
			}
			ids[event.EventID] = true
		}
	}
}
