package console

import (
	"context"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// depth holds the numbers of messages in a queue. They are approximate.
type depth struct {
	Waiting, InFlight, Delayed int
	Known                      bool
}

// Total returns the number of all messages.
func (d depth) Total() int { return d.Waiting + d.InFlight + d.Delayed }

// ttl returns how long the console keeps numbers from AWS.
func (v *view) ttl() time.Duration {
	if v.server.o.Local {
		return time.Second
	}
	return 10 * time.Second
}

// queueDepth returns the depth of the pipeline's queue.
func (v *view) queueDepth(ctx context.Context) depth { return v.depth(ctx, v.QueueURL) }

// deadLetterCount returns the number of messages in the DLQ, or -1 if it is unknown.
func (v *view) deadLetterCount(ctx context.Context) int {
	if d := v.depth(ctx, v.DLQURL); d.Known {
		return d.Total()
	}
	return -1
}

func (v *view) depth(ctx context.Context, url string) depth {
	return cachedSoon(&v.cache, url, v.ttl(), depth{}, func() depth {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		client := sqs.NewFromConfig(v.Config)
		out, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
			QueueUrl: &url, AttributeNames: []types.QueueAttributeName{
				types.QueueAttributeNameApproximateNumberOfMessages,
				types.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
				types.QueueAttributeNameApproximateNumberOfMessagesDelayed,
			},
		})
		if err != nil {
			return depth{}
		}
		number := func(name types.QueueAttributeName) int {
			n, _ := strconv.Atoi(out.Attributes[string(name)]) // SQS returns numbers
			return n
		}
		return depth{
			Waiting:  number(types.QueueAttributeNameApproximateNumberOfMessages),
			InFlight: number(types.QueueAttributeNameApproximateNumberOfMessagesNotVisible),
			Delayed:  number(types.QueueAttributeNameApproximateNumberOfMessagesDelayed),
			Known:    true,
		}
	})
}
