package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	localbus "github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/eventbridge"
)

func startEventBridge(string) (http.Handler, error) {
	return localbus.New(localbus.Config{
		Region:  "us-east-1",
		Account: "123456789012",
		Deliver: func(_ context.Context, d localbus.Delivery) error {
			q, ok := localQueues.QueueByARN(d.TargetARN)
			if !ok {
				return fmt.Errorf("queue %s does not exist", d.TargetARN)
			}
			_, err := q.Send(string(d.Event), -1)
			return err
		},
		OnError: func(err error) { fmt.Fprintln(os.Stderr, "local EventBridge:", err) },
	}), nil
}

// testBus represents a new event bus, and a queue that is the target of the bus's rules.
type testBus struct {
	*testing.T
	target target
	client *eventbridge.Client
	name   string
	queue  testQueue
}

func forEachBus(t *testing.T, fn func(b testBus)) {
	t.Helper()
	forEachTarget(t, func(t *testing.T, target target) {
		client, queue := eventbridge.NewFromConfig(target.Config), newTestQueue(t, target, nil)
		b := testBus{t, target, client, uniqueName("bus"), queue}
		in := &eventbridge.CreateEventBusInput{Name: &b.name}
		out, err := client.CreateEventBus(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(*out.EventBusArn, ":event-bus/"+b.name) {
			t.Fatalf("ARN of bus %s: %s", b.name, *out.EventBusArn)
		}
		fn(b)
	})
}

// sendToQueue creates a rule that sends matching events to the queue.
func (b testBus) sendToQueue(rule, pattern string) {
	b.Helper()
	if err := b.tryPutRule(rule, pattern); err != nil {
		b.Fatal(err)
	}
	queue := types.Target{Id: aws.String("queue"), Arn: aws.String(b.queue.arn())}
	out, err := b.client.PutTargets(b.Context(), &eventbridge.PutTargetsInput{
		Rule: &rule, EventBusName: &b.name, Targets: []types.Target{queue},
	})
	if err != nil || out.FailedEntryCount != 0 {
		b.Fatalf("put targets: %+v, %v", out, err)
	}
}

func (b testBus) tryPutRule(name, pattern string) error {
	_, err := b.client.PutRule(b.Context(), &eventbridge.PutRuleInput{
		Name: &name, EventBusName: &b.name, EventPattern: &pattern,
	})
	return err
}

func (b testBus) entry(detailType, detail string) types.PutEventsRequestEntry {
	return types.PutEventsRequestEntry{
		EventBusName: &b.name, Source: aws.String("conformance"),
		DetailType: &detailType, Detail: &detail,
	}
}

func (b testBus) put(entries ...types.PutEventsRequestEntry) *eventbridge.PutEventsOutput {
	b.Helper()
	out, err := b.client.PutEvents(b.Context(), &eventbridge.PutEventsInput{Entries: entries})
	if err != nil {
		b.Fatal(err)
	}
	return out
}

func TestEventBridge_RuleSendsMatchingEventsToAQueue(t *testing.T) {
	forEachBus(t, func(b testBus) {
		b.sendToQueue("processed", `{"source":["conformance"],"detail-type":["EventProcessed"],
			"detail":{"type":[{"prefix":"demo"}],"size":[{"numeric":[">",10]}]}}`)
		at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
		const detail = `{"type":"demo.hello","size":11,` +
			`"nested":{"text":"a < b ✓","list":[1,null,true]}}`
		match := b.entry("EventProcessed", detail)
		match.Time, match.Resources = &at, []string{"arn:aws:s3:::bronze"}
		out := b.put(
			b.entry("EventProcessed", `{"type":"other","size":11}`),
			b.entry("EventFailed", `{"type":"demo","size":11}`),
			b.entry("EventProcessed", `{"type":"demo","size":10}`),
			match,
		)
		if out.FailedEntryCount != 0 || len(out.Entries) != 4 {
			t.Fatalf("put: %+v", out)
		}

		m := b.queue.receiveOne(10)
		var event, want map[string]any
		if err := json.Unmarshal([]byte(*m.Body), &event); err != nil {
			b.Fatal(err)
		}
		if b.target.isMoto() { // moto omits the account from the event
			event["account"] = "123456789012"
		}
		text := fmt.Sprintf(`{"version":"0","id":%q,"detail-type":"EventProcessed",
			"source":"conformance","account":"123456789012","time":"2026-03-04T05:06:07Z",
			"region":"us-east-1","resources":["arn:aws:s3:::bronze"],"detail":%s}`,
			*out.Entries[3].EventId, detail)
		if err := json.Unmarshal([]byte(text), &want); err != nil {
			b.Fatal(err)
		}
		if !reflect.DeepEqual(event, want) {
			b.Errorf("the queue received %s\nwant %s", *m.Body, text)
		}
		if rest := b.queue.receive(0); len(rest) != 0 {
			b.Errorf("the queue received %d more events", len(rest))
		}
	})
}

func TestEventBridge_RejectsOnlyInvalidEntries(t *testing.T) {
	forEachBus(t, func(b testBus) {
		b.sendToQueue("all", `{"source":["conformance"]}`)
		noSource := b.entry("EventProcessed", `{}`)
		noSource.Source = nil
		out := b.put(noSource, b.entry("EventProcessed", `{"a":1}`),
			b.entry("EventProcessed", `{`), b.entry("", `{}`))
		var codes []string
		for _, e := range out.Entries {
			codes = append(codes, aws.ToString(e.ErrorCode))
			if (e.EventId == nil) == (e.ErrorCode == nil) {
				b.Errorf("entry %+v", e)
			}
		}
		want := []string{"InvalidArgument", "", "MalformedDetail", "InvalidArgument"}
		if out.FailedEntryCount != 3 || !slices.Equal(codes, want) {
			b.Errorf("%d failed: %v, want %v", out.FailedEntryCount, codes, want)
		}
		if m := b.queue.receiveOne(10); !strings.Contains(*m.Body, *out.Entries[1].EventId) {
			b.Errorf("the queue received %s", *m.Body)
		}
	})
}

func TestEventBridge_RejectsMoreThanTenEntries(t *testing.T) {
	forEachBus(t, func(b testBus) {
		entries := slices.Repeat([]types.PutEventsRequestEntry{b.entry("x", `{}`)}, 11)
		_, err := b.client.PutEvents(b.Context(), &eventbridge.PutEventsInput{Entries: entries})
		wantErrorCode(b.T, err, "ValidationException")
	})
}

func TestEventBridge_FindsAndDeletesRulesAndTargets(t *testing.T) {
	forEachBus(t, func(b testBus) {
		const pattern = `{"source":["conformance"]}`
		b.sendToQueue("rule", pattern)

		name := aws.String("rule")
		describe := &eventbridge.DescribeRuleInput{Name: name, EventBusName: &b.name}
		described, err := b.client.DescribeRule(b.Context(), describe)
		if err != nil {
			b.Fatal(err)
		}
		if *described.EventPattern != pattern || described.State != types.RuleStateEnabled ||
			!strings.HasSuffix(*described.Arn, ":rule/"+b.name+"/rule") {
			b.Errorf("described %+v", described)
		}
		rules, err := b.client.ListRules(b.Context(), &eventbridge.ListRulesInput{
			EventBusName: &b.name, NamePrefix: aws.String("ru"),
		})
		if err != nil || len(rules.Rules) != 1 || *rules.Rules[0].Name != "rule" {
			b.Errorf("rules %+v, %v", rules, err)
		}
		targets, err := b.client.ListTargetsByRule(b.Context(),
			&eventbridge.ListTargetsByRuleInput{Rule: name, EventBusName: &b.name})
		if err != nil || len(targets.Targets) != 1 || *targets.Targets[0].Arn != b.queue.arn() {
			b.Errorf("targets %+v, %v", targets, err)
		}

		remove := &eventbridge.DeleteRuleInput{Name: name, EventBusName: &b.name}
		_, err = b.client.DeleteRule(b.Context(), remove)
		wantErrorCode(b.T, err, "ValidationException")
		_, err = b.client.RemoveTargets(b.Context(), &eventbridge.RemoveTargetsInput{
			Rule: name, EventBusName: &b.name, Ids: []string{"queue"},
		})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := b.client.DeleteRule(b.Context(), remove); err != nil {
			b.Fatal(err)
		}
		_, err = b.client.DescribeRule(b.Context(), describe)
		wantErrorCode(b.T, err, "ResourceNotFoundException")
	})
}

func TestEventBridge_FindsAndListsEventBuses(t *testing.T) {
	forEachBus(t, func(b testBus) {
		create := &eventbridge.CreateEventBusInput{Name: &b.name}
		_, err := b.client.CreateEventBus(b.Context(), create)
		wantErrorCode(b.T, err, "ResourceAlreadyExistsException")
		describe := &eventbridge.DescribeEventBusInput{Name: aws.String("absent")}
		_, err = b.client.DescribeEventBus(b.Context(), describe)
		wantErrorCode(b.T, err, "ResourceNotFoundException")
		for _, name := range []string{"default", b.name} {
			describe.Name = &name
			out, err := b.client.DescribeEventBus(b.Context(), describe)
			if err != nil || *out.Name != name {
				b.Errorf("bus %s: %+v, %v", name, out, err)
			}
			list := &eventbridge.ListEventBusesInput{NamePrefix: &name}
			listed, err := b.client.ListEventBuses(b.Context(), list)
			if err != nil || len(listed.EventBuses) != 1 || *listed.EventBuses[0].Name != name {
				b.Errorf("buses %+v, %v", listed, err)
			}
		}
	})
}

func TestEventBridge_RejectsAnInvalidEventPattern(t *testing.T) {
	forEachBus(t, func(b testBus) {
		err := b.tryPutRule("rule", `{"source":"conformance"}`)
		wantErrorCode(b.T, err, "InvalidEventPatternException")
	})
}
