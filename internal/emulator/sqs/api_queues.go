package sqs

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

type createQueueInput struct {
	QueueName  string
	Attributes map[string]string
}

func (s *Service) createQueue(in *createQueueInput) (*queueURL, error) {
	if err := validateName(in.QueueName); err != nil {
		return nil, err
	}
	q, exists := s.queues[in.QueueName]
	if !exists {
		set, err := s.applyAttributes(defaultSettings(), in.Attributes)
		if err != nil {
			return nil, err
		}
		if q, err = s.addQueue(in.QueueName, set); err != nil {
			return nil, err
		}
		return &queueURL{q.URL()}, nil
	}
	requested, err := s.applyAttributes(q.settings, in.Attributes)
	if err != nil {
		return nil, err
	}
	have, want := q.settings.attributes(), requested.attributes()
	for name := range in.Attributes {
		if have[name] != want[name] {
			return nil, protocol.Errorf("QueueNameExists", "A queue already exists with the "+
				"same name and a different value for attribute %s", name)
		}
	}
	return &queueURL{q.URL()}, nil
}

func (q *Queue) deleteQueue(queueURL) (*empty, error) {
	return &empty{}, q.delete()
}

func (q *Queue) purgeQueue(queueURL) (*empty, error) {
	return &empty{}, q.purge()
}

type getQueueURLInput struct{ QueueName string }

func (s *Service) getQueueURL(in *getQueueURLInput) (*queueURL, error) {
	q, ok := s.queues[in.QueueName]
	if !ok {
		return nil, errQueueDoesNotExist
	}
	return &queueURL{q.URL()}, nil
}

// page selects a part of a list of queues. NextToken is the name of the previous page's last queue.
type page struct {
	MaxResults *int
	NextToken  string
}

type listQueuesInput struct {
	page
	QueueNamePrefix string
}

type listQueuesOutput struct {
	QueueUrls []string `json:",omitempty"`
	NextToken string   `json:",omitempty"`
}

func (s *Service) listQueues(_ *http.Request, in *listQueuesInput) (*listQueuesOutput, error) {
	urls, token, err := s.pageOfURLs(in.page, func(q *Queue) bool {
		return strings.HasPrefix(q.name, in.QueueNamePrefix)
	})
	return &listQueuesOutput{urls, token}, err
}

type listSourcesInput struct {
	page
	queueURL
}

type listSourcesOutput struct {
	QueueUrls []string `json:"queueUrls"` // in lower case, unlike in all other operations
	NextToken string   `json:",omitempty"`
}

func (q *Queue) listDeadLetterSourceQueues(in listSourcesInput) (*listSourcesOutput, error) {
	urls, token, err := q.service.pageOfURLs(in.page, func(source *Queue) bool {
		return source.deadLetterQueue() == q
	})
	return &listSourcesOutput{urls, token}, err
}

func (s *Service) pageOfURLs(
	p page, include func(*Queue) bool,
) (urls []string, nextToken string, err error) {
	limit := 1000
	if p.MaxResults != nil {
		limit = *p.MaxResults
	}
	if limit < 1 || limit > 1000 {
		return nil, "", invalidValue(limit, "MaxResults", "Must be between 1 and 1000.")
	}
	names := s.queueNames(include)
	start, found := slices.BinarySearch(names, p.NextToken)
	if found {
		start++
	}
	names = names[start:]
	if len(names) > limit && p.MaxResults != nil { // SQS returns a token only with MaxResults
		nextToken = names[limit-1]
	}
	urls = []string{}
	for _, name := range names[:min(limit, len(names))] {
		urls = append(urls, s.url(name))
	}
	return urls, nextToken, nil
}

type getQueueAttributesInput struct {
	queueURL
	AttributeNames []string
}

type getQueueAttributesOutput struct {
	Attributes map[string]string `json:",omitempty"`
}

func (q *Queue) getQueueAttributes(in getQueueAttributesInput) (*getQueueAttributesOutput, error) {
	attributes := q.attributes()
	if slices.Contains(in.AttributeNames, "All") {
		return &getQueueAttributesOutput{attributes}, nil
	}
	selected := map[string]string{}
	for _, name := range in.AttributeNames {
		if !slices.Contains(queueAttributes, name) {
			return nil, unknownAttribute(name)
		}
		if value, ok := attributes[name]; ok {
			selected[name] = value
		}
	}
	return &getQueueAttributesOutput{selected}, nil
}

// queueAttributes lists the attribute names that GetQueueAttributes accepts. Not every queue has
// all of these attributes.
var queueAttributes = []string{
	"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed",
	"ApproximateNumberOfMessagesNotVisible", "ContentBasedDeduplication", "CreatedTimestamp",
	"DeduplicationScope", "DelaySeconds", "FifoQueue", "FifoThroughputLimit",
	"KmsDataKeyReusePeriodSeconds", "KmsMasterKeyId", "LastModifiedTimestamp",
	"MaximumMessageSize", "MessageRetentionPeriod", "Policy", "QueueArn",
	"ReceiveMessageWaitTimeSeconds", "RedriveAllowPolicy", "RedrivePolicy",
	"SqsManagedSseEnabled", "VisibilityTimeout",
}

// attributes returns the queue's settings, ARN and message counts. The keys are the names that
// GetQueueAttributes returns.
func (q *Queue) attributes() map[string]string {
	visible, inFlight, delayed := q.Depth()
	q.service.mu.Lock()
	out := q.settings.attributes()
	q.service.mu.Unlock()
	out["QueueArn"] = q.ARN()
	out["ApproximateNumberOfMessages"] = strconv.Itoa(visible)
	out["ApproximateNumberOfMessagesNotVisible"] = strconv.Itoa(inFlight)
	out["ApproximateNumberOfMessagesDelayed"] = strconv.Itoa(delayed)
	return out
}

type setQueueAttributesInput struct {
	queueURL
	Attributes map[string]string
}

func (q *Queue) setQueueAttributes(in setQueueAttributesInput) (*empty, error) {
	q.service.mu.Lock()
	defer q.service.mu.Unlock()
	set, err := q.service.applyAttributes(q.settings, in.Attributes)
	if err != nil {
		return nil, err
	}
	if q.deleted {
		return nil, errQueueDoesNotExist
	}
	return &empty{}, q.configure(set)
}
