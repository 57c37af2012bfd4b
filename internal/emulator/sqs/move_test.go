package sqs_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/sqs"
)

// deadLetters sends messages to the source queue and moves them to its dead-letter queue.
func deadLetters(t *testing.T, source *sqs.Queue, count int) {
	t.Helper()
	for i := range count {
		send(t, source, fmt.Sprint(i))
	}
	for range count {
		receiveOne(t, source)
	}
	time.Sleep(time.Minute) // longer than the visibility timeout
	if got, err := source.Receive(t.Context(), 10, 0); err != nil || len(got) > 0 {
		t.Fatalf("received %v, %v", got, err)
	}
}

// startMove starts a task for the dead-letter queue and returns the handle.
func startMove(t *testing.T, s *sqs.Service, dlq *sqs.Queue, parameters string) string {
	t.Helper()
	status, _, response := call(t, s, "StartMessageMoveTask",
		`{"SourceArn":"`+dlq.ARN()+`"`+parameters+`}`)
	if status != 200 {
		t.Fatal(response)
	}
	return response["TaskHandle"].(string)
}

func listMoves(t *testing.T, s *sqs.Service, dlq *sqs.Queue) (tasks []map[string]any) {
	t.Helper()
	_, _, response := call(t, s, "ListMessageMoveTasks",
		`{"SourceArn":"`+dlq.ARN()+`","MaxResults":10}`)
	for _, task := range response["Results"].([]any) {
		tasks = append(tasks, task.(map[string]any))
	}
	return tasks
}

func TestMoveTask_MovesMessagesBackToTheirSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, sqs.Config{})
		defer s.Close()
		dlq, source := newQueueWithDLQ(t, s, 1)
		deadLetters(t, source, 3)
		expectDepth(t, dlq, 3, 0, 0)
		old := receiveOne(t, dlq) // stays in flight, because the task moves only visible messages
		startMove(t, s, dlq, "")
		synctest.Wait()
		expectDepth(t, dlq, 0, 1, 0)
		var bodies []string
		for range 2 {
			m := receiveOne(t, source)
			bodies = append(bodies, m.Body)
			if m.ID == old.ID || m.ReceiveCount != 1 || m.DeadLetterSource != "" ||
				!m.Sent.Equal(time.Now()) {
				t.Errorf("got %+v, want a message with a new id and sent time", m)
			}
		}
		if want := []string{"1", "2"}; !slices.Equal(bodies, want) {
			t.Errorf("received %v, want %v", bodies, want)
		}
		task := listMoves(t, s, dlq)[0]
		if task["Status"] != "COMPLETED" || task["TaskHandle"] != nil ||
			task["ApproximateNumberOfMessagesMoved"] != 2.0 ||
			task["ApproximateNumberOfMessagesToMove"] != 2.0 || task["SourceArn"] != dlq.ARN() ||
			task["DestinationArn"] != nil || task["StartedTimestamp"] == 0.0 {
			t.Errorf("got %v", task)
		}
	})
}

func TestMoveTask_MovesToADestinationAtARate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, sqs.Config{})
		defer s.Close()
		dlq, source := newQueueWithDLQ(t, s, 1)
		other, err := s.CreateQueue(sqs.QueueConfig{Name: "other"})
		if err != nil {
			t.Fatal(err)
		}
		deadLetters(t, source, 10)
		send(t, dlq, "sent directly, so without a source")
		handle := startMove(t, s, dlq,
			`,"DestinationArn":"`+other.ARN()+`","MaxNumberOfMessagesPerSecond":2`)
		time.Sleep(1250 * time.Millisecond)
		expectDepth(t, other, 3, 0, 0)
		task := listMoves(t, s, dlq)[0]
		if task["Status"] != "RUNNING" || task["TaskHandle"] != handle ||
			task["DestinationArn"] != other.ARN() || task["MaxNumberOfMessagesPerSecond"] != 2.0 {
			t.Errorf("got %v", task)
		}
		status, _, response := call(t, s, "StartMessageMoveTask", `{"SourceArn":"`+dlq.ARN()+`"}`)
		if status != 400 || !strings.Contains(response["message"].(string), "already a task") {
			t.Errorf("a second task: got %v", response)
		}
		_, _, response = call(t, s, "CancelMessageMoveTask", `{"TaskHandle":"`+handle+`"}`)
		if response["ApproximateNumberOfMessagesMoved"] != 3.0 {
			t.Errorf("got %v", response)
		}
		if status := listMoves(t, s, dlq)[0]["Status"]; status != "CANCELLING" {
			t.Errorf("got status %v, want CANCELLING", status)
		}
		time.Sleep(time.Minute)
		expectDepth(t, other, 3, 0, 0)
		if status := listMoves(t, s, dlq)[0]["Status"]; status != "CANCELLED" {
			t.Errorf("got status %v, want CANCELLED", status)
		}
		status, _, _ = call(t, s, "CancelMessageMoveTask", `{"TaskHandle":"`+handle+`"}`)
		if status != 400 {
			t.Errorf("canceled a task that is not running")
		}
		startMove(t, s, dlq, `,"DestinationArn":"`+other.ARN()+`"`)
		synctest.Wait()
		expectDepth(t, other, 11, 0, 0)
		if tasks := listMoves(t, s, dlq); len(tasks) != 2 || tasks[0]["Status"] != "COMPLETED" {
			t.Errorf("got %v", tasks)
		}
	})
}

func TestMoveTask_FailsWithoutASource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, sqs.Config{})
		defer s.Close()
		dlq, _ := newQueueWithDLQ(t, s, 1)
		send(t, dlq, "sent directly")
		startMove(t, s, dlq, "")
		synctest.Wait()
		task := listMoves(t, s, dlq)[0]
		if task["Status"] != "FAILED" || task["FailureReason"] != "CouldNotDetermineMessageSource" {
			t.Errorf("got %v", task)
		}
		expectDepth(t, dlq, 1, 0, 0)
	})
}

func TestMoveTask_StopsWithTheService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, sqs.Config{})
		dlq, source := newQueueWithDLQ(t, s, 1)
		deadLetters(t, source, 3)
		startMove(t, s, dlq, `,"MaxNumberOfMessagesPerSecond":1`)
		synctest.Wait()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		expectDepth(t, dlq, 2, 0, 0)
	})
}

func TestMoveTask_RejectsInvalidRequests(t *testing.T) {
	s := newService(t, sqs.Config{})
	defer s.Close()
	dlq, source := newQueueWithDLQ(t, s, 1)
	arn := `{"SourceArn":"` + dlq.ARN() + `"`
	for _, test := range []struct{ operation, body, code string }{
		{"StartMessageMoveTask", `{}`, "MissingParameter"},
		{"StartMessageMoveTask", `{"SourceArn":"dead"}`, "InvalidParameterValue"},
		{"StartMessageMoveTask", `{"SourceArn":"` + dlq.ARN() + `x"}`, "ResourceNotFoundException"},
		{"StartMessageMoveTask", `{"SourceArn":"` + source.ARN() + `"}`, "InvalidParameterValue"},
		{"StartMessageMoveTask", arn + `,"DestinationArn":"` + dlq.ARN() + `x"}`,
			"ResourceNotFoundException"},
		{"StartMessageMoveTask", arn + `,"DestinationArn":"` + dlq.ARN() + `"}`,
			"InvalidParameterValue"},
		{"StartMessageMoveTask", arn + `,"MaxNumberOfMessagesPerSecond":0}`,
			"InvalidParameterValue"},
		{"StartMessageMoveTask", arn + `,"MaxNumberOfMessagesPerSecond":501}`,
			"InvalidParameterValue"},
		{"ListMessageMoveTasks", arn + `,"MaxResults":11}`, "InvalidParameterValue"},
		{"ListMessageMoveTasks", `{"SourceArn":"` + dlq.ARN() + `x"}`, "ResourceNotFoundException"},
		{"CancelMessageMoveTask", `{}`, "MissingParameter"},
		{"CancelMessageMoveTask", `{"TaskHandle":"x"}`, "InvalidParameterValue"},
	} {
		status, _, response := call(t, s, test.operation, test.body)
		if status < 400 || response["__type"] != test.code {
			t.Errorf("%s %s: status %d, response %v", test.operation, test.body, status, response)
		}
	}
	if tasks := listMoves(t, s, dlq); len(tasks) > 0 {
		t.Errorf("started %v", tasks)
	}
}
