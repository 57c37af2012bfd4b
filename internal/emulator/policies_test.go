package emulator

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awseventbridge "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/activity"
)

// pipelineWithReplacements returns a copy of the test pipeline's cloud assembly with replaced texts
// in the template. The parameter replacements lists pairs of an old and a new text.
func pipelineWithReplacements(t *testing.T, replacements ...string) string {
	t.Helper()
	from, err := testPipeline()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	files, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		err := os.Symlink(filepath.Join(from, f.Name()), filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
	}
	const name = "Pipeline.template.json"
	content, err := os.ReadFile(filepath.Join(from, name))
	if err != nil {
		t.Fatal(err)
	}
	text := string(content)
	for i := 0; i < len(replacements); i += 2 {
		if !strings.Contains(text, replacements[i]) {
			t.Fatalf("the template has no %s", replacements[i])
		}
		text = strings.ReplaceAll(text, replacements[i], replacements[i+1])
	}
	if err := os.Remove(filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestPolicies_DenyCallsOfFunction(t *testing.T) {
	dir := pipelineWithReplacements(
		t,
		`"Action": "sqs:SendMessage", "Resource": {"Fn::GetAtt": ["Queue"`,
		`"Action": "sqs:SendMessage", "Resource": {"Fn::GetAtt": ["DeadLetters"`,
	)
	p, steps := start(t, func(o *Options) { o.Assembly = dir })
	response, err := http.Post(
		p.APIs[0].URL+"/events",
		"application/json",
		strings.NewReader(`{"eventId":"e-1","eventType":"demo"}`),
	)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusInternalServerError {
		t.Errorf("the function could send: HTTP %d", response.StatusCode)
	}
	step := steps.wait(t, "denied", "")
	text := string(step.Details[2].Value)
	if !strings.HasPrefix(text, `"User: arn:aws:sts::000000000000:assumed-role/Pipeline-Role-`) ||
		!strings.Contains(
			text,
			"is not authorized to perform: sqs:SendMessage on resource: "+
				"arn:aws:sqs:us-east-1:000000000000:",
		) {
		t.Errorf("the recorded step contains %s", text)
	}
}

func TestPolicies_AreIgnoredIfOptionNoPoliciesIsSet(t *testing.T) {
	dir := pipelineWithReplacements(
		t,
		`"Action": "sqs:SendMessage"`,
		`"Action": "sqs:ListQueues"`,
		"sqs:ReceiveMessage",
		"sqs:ListQueues",
		"logs:PutLogEvents",
		"logs:DescribeLogGroups",
		"Bool",
		"Unknown",
	)
	p, steps := start(t, func(o *Options) { o.Assembly, o.NoPolicies = dir, true })
	post(t, p, `{"eventId":"e-1","eventType":"demo"}`)
	steps.wait(t, "processed", "e-1")
}

// New must fail if a policy makes AWS reject the stack, or if the emulator does not support a
// policy.
func TestNew_RejectsInsufficientAndUnsupportedPolicies(t *testing.T) {
	for name, c := range map[string]struct {
		replacements []string
		want         string
	}{
		"mapping without ReceiveMessage": {
			[]string{`"sqs:ReceiveMessage", `, ``},
			"WorkerFunction (AWS::Lambda::Function): the function execution role " +
				"does not have permissions to call ReceiveMessage on SQS",
		},
		"mapping without DeleteMessage": {
			[]string{`"sqs:DeleteMessage", `, ``}, "to call DeleteMessage on SQS",
		},
		"tracing without a permission": {
			[]string{`"Timeout": 10,`, `"Timeout": 10, "TracingConfig": {"Mode": "Active"},`},
			"to call PutTelemetryRecords on XRAY",
		},
		"route without a permission": {
			[]string{`${Api}/*/*/events`, `${Api}/*/*/others`},
			"route POST /events of the HTTP API pipeline: User: apigateway.amazonaws.com " +
				"is not authorized to perform: lambda:InvokeFunction",
		},
		"unsupported condition operator": {
			[]string{`"Bool"`, `"IpAddress"`},
			"SilverPolicy (AWS::S3::BucketPolicy): statement 1: the emulator does not support " +
				"the condition operator IpAddress",
		},
		"unsupported policy variable": {
			[]string{
				`"Resource": {"Fn::GetAtt": ["Bus", "Arn"]}}`, `"Resource": "${aws:username}"}`,
			},
			"the emulator does not support policy variables",
		},
		"unsupported managed policy": {
			[]string{"AWSLambdaBasicExecutionRole", "AmazonS3FullAccess"},
			"the emulator does not support the managed policy " +
				"arn:aws:iam::aws:policy/service-role/AmazonS3FullAccess",
		},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := New(t.Context(),
				Options{Assembly: pipelineWithReplacements(t, c.replacements...)})
			if err == nil {
				t.Fatal(errors.Join(errors.New("New returned no error"), p.Close()))
			}
			var policies *PolicyError
			if !errors.As(err, &policies) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

// EventBridge must not send a rule's events if the queue policy names another rule.
func TestPolicies_LimitEventBridgeToTheRule(t *testing.T) {
	dir := pipelineWithReplacements(
		t,
		`{"aws:SourceArn": {"Fn::GetAtt": ["Rule", "Arn"]}}`,
		`{"aws:SourceArn": {"Fn::Sub": `+
			`"arn:aws:events:${AWS::Region}:${AWS::AccountId}:rule/bus/other"}}`,
	)
	p, steps := start(t, func(o *Options) { o.Assembly = dir })
	post(t, p, `{"eventId":"e-1","eventType":"demo"}`)
	step := steps.wait(t, "not delivered", "")
	text := string(step.Details[0].Value)
	if !strings.Contains(
		text,
		"User: events.amazonaws.com is not authorized to perform: sqs:SendMessage",
	) {
		t.Errorf("the recorded step contains %s", text)
	}
}

// EventBridge must not send events to a queue if the template has no queue policy for this queue.
func TestPolicies_DenyEventBridgeIfQueueHasNoPolicy(t *testing.T) {
	dir := pipelineWithReplacements(t, `"Queues": [{"Ref": "Seen"}]`,
		`"Queues": [{"Ref": "DeadLetters"}]`)
	p, steps := start(t, func(o *Options) { o.Assembly = dir })
	post(t, p, `{"eventId":"e-1","eventType":"demo"}`)
	steps.wait(t, "not delivered", "")
}

// A queue that an API call creates must not receive events before an API call sets its policy.
func TestPolicies_DenyEventBridgeUntilAnAPICallSetsAPolicy(t *testing.T) {
	p, steps := start(t, nil)
	ctx := t.Context()
	queues, rules := awssqs.NewFromConfig(config(p)), awseventbridge.NewFromConfig(config(p))
	queue, err := queues.CreateQueue(ctx,
		&awssqs.CreateQueueInput{QueueName: aws.String("by-hand")})
	if err != nil {
		t.Fatal(err)
	}
	const arn = "arn:aws:sqs:us-east-1:000000000000:by-hand"
	rule, err := rules.PutRule(ctx, &awseventbridge.PutRuleInput{
		Name: aws.String("by-hand"), EventPattern: aws.String(`{"source":["shop"]}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	targets, err := rules.PutTargets(ctx, &awseventbridge.PutTargetsInput{
		Rule:    aws.String("by-hand"),
		Targets: []types.Target{{Id: aws.String("1"), Arn: aws.String(arn)}},
	})
	if err != nil || targets.FailedEntryCount > 0 {
		t.Fatal(targets, err)
	}
	for i, test := range []struct {
		principal, rule string
		allowed         bool
	}{
		{"", "", false},
		{"events.amazonaws.com", *rule.RuleArn + "2", false},
		{"sns.amazonaws.com", *rule.RuleArn, false},
		{"events.amazonaws.com", *rule.RuleArn, true},
	} {
		policy := fmt.Sprintf(`{"Statement":{"Effect":"Allow","Principal":{"Service":%q},
			"Action":"sqs:SendMessage","Resource":%q,
			"Condition":{"ArnEquals":{"aws:SourceArn":%q}}}}`, test.principal, arn, test.rule)
		if test.principal == "" {
			policy = ""
		}
		_, err := queues.SetQueueAttributes(ctx, &awssqs.SetQueueAttributesInput{
			QueueUrl: queue.QueueUrl, Attributes: map[string]string{"Policy": policy},
		})
		if err != nil {
			t.Fatal(err)
		}
		detail := fmt.Sprintf(`{"n":%d}`, i)
		sent, err := rules.PutEvents(ctx, &awseventbridge.PutEventsInput{
			Entries: []types.PutEventsRequestEntry{{
				Source: aws.String("shop"), DetailType: aws.String("x"), Detail: &detail,
			}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if !test.allowed {
			steps.waitFor(t, func(s activity.Step) bool {
				return s.Name == "not delivered" &&
					strings.Contains(string(s.Details[0].Value), *sent.Entries[0].EventId)
			})
			continue
		}
		out, err := queues.ReceiveMessage(ctx, &awssqs.ReceiveMessageInput{
			QueueUrl: queue.QueueUrl, WaitTimeSeconds: 10, MaxNumberOfMessages: 10,
		})
		if err != nil || len(out.Messages) != 1 ||
			!strings.Contains(*out.Messages[0].Body, detail) {
			t.Errorf("the queue received %+v, %v", out, err)
		}
	}
}

func TestPutTargets_RejectsTargetsWithoutDelivery(t *testing.T) {
	p, _ := start(t, nil)
	client := awseventbridge.NewFromConfig(config(p))
	_, err := client.PutRule(t.Context(), &awseventbridge.PutRuleInput{
		Name: aws.String("r"), EventPattern: aws.String(`{"source":["shop"]}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	const here = ":us-east-1:000000000000:"
	in := &awseventbridge.PutTargetsInput{Rule: aws.String("r")}
	for _, arn := range []string{
		"arn:aws:sqs" + here + "later", "arn:aws:lambda" + here + "function:later",
		"arn:aws:sns" + here + "topic", "arn:aws:states" + here + "stateMachine:m",
		"arn:aws:sqs" + here + "q.fifo", "arn:aws:lambda" + here + "layer:l",
		"arn:aws:sqs:eu-west-1:000000000000:q", "arn:aws:sqs:us-east-1:111122223333:q",
		"arn:aws:sqs",
	} {
		in.Targets = append(in.Targets, types.Target{
			Id: aws.String(strconv.Itoa(len(in.Targets))), Arn: aws.String(arn),
		})
	}
	var failed []string
	for targets := range slices.Chunk(in.Targets, 3) {
		in.Targets = targets
		out, err := client.PutTargets(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range out.FailedEntries {
			failed = append(failed, *f.TargetId)
			if *f.ErrorCode != "ValidationException" {
				t.Errorf("target %s: code %s", *f.TargetId, *f.ErrorCode)
			}
		}
	}
	if want := []string{"2", "3", "4", "5", "6", "7", "8"}; !slices.Equal(failed, want) {
		t.Errorf("the targets %v failed, want %v", failed, want)
	}
}

func TestPolicies_DiscardLogsThatRoleMayNotWrite(t *testing.T) {
	dir := pipelineWithReplacements(
		t,
		`"Action": ["logs:CreateLogStream", "logs:PutLogEvents"]`,
		`"Action": "logs:PutLogEvents"`,
	)
	p, steps := start(t, func(o *Options) { o.Assembly = dir })
	post(t, p, `{"eventId":"e-1","eventType":"demo"}`)
	steps.wait(t, "published", "e-1")
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	steps.wait(t, "denied", "")
	for _, s := range steps.steps {
		if s.Name == "processed" {
			t.Error("a step from the function's log was recorded")
		}
	}
}

func TestPolicies_OfBucketsApplyToAdministrator(t *testing.T) {
	p, _ := start(t, nil)
	client := s3.NewFromConfig(config(p))
	bucket := p.Stacks[0].Outputs["Bucket"]
	put := func(key string) error {
		_, err := client.PutObject(
			t.Context(),
			&s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader("x")},
		)
		return err
	}
	if err := put("allowed"); err != nil {
		t.Error(err)
	}
	err := put("forbidden")
	if err == nil || !strings.Contains(err.Error(), "StatusCode: 403") ||
		!strings.Contains(err.Error(), "with an explicit deny in a resource-based policy") {
		t.Errorf("got %v", err)
	}
}
