package sqs

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/protocol"
)

type queueURL struct{ QueueUrl string }

type createQueueInput struct {
	QueueName  string
	Attributes map[string]string
}

func (s *Service) createQueue(_ *http.Request, in *createQueueInput) (*queueURL, error) {
	if err := validateName(in.QueueName); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
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
	asked, err := s.applyAttributes(q.settings, in.Attributes)
	if err != nil {
		return nil, err
	}
	have, want := q.settings.attributes(), asked.attributes()
	for name := range in.Attributes {
		if have[name] != want[name] {
			return nil, protocol.Errorf("QueueNameExists", "A queue already exists with the same name and a different value for attribute %s", name)
		}
	}
	return &queueURL{q.URL()}, nil
}

func (s *Service) deleteQueue(_ *http.Request, in *queueURL) (*empty, error) {
	q, err := s.queueByURL(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	return &empty{}, q.delete()
}

func (s *Service) purgeQueue(_ *http.Request, in *queueURL) (*empty, error) {
	q, err := s.queueByURL(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	return &empty{}, q.purge()
}

type getQueueURLInput struct{ QueueName string }

func (s *Service) getQueueURL(_ *http.Request, in *getQueueURLInput) (*queueURL, error) {
	q, ok := s.QueueByName(in.QueueName)
	if !ok {
		return nil, errQueueDoesNotExist
	}
	return &queueURL{q.URL()}, nil
}

// page asks for part of a list of queues; the token is the name that the part before ended with.
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
	urls, token, err := s.pageOfURLs(s.queueNames(in.QueueNamePrefix), in.page)
	return &listQueuesOutput{urls, token}, err
}

type listSourcesInput struct {
	page
	QueueUrl string
}

type listSourcesOutput struct {
	QueueUrls []string `json:"queueUrls"` // lower case in this operation alone
	NextToken string   `json:",omitempty"`
}

func (s *Service) listDeadLetterSourceQueues(_ *http.Request, in *listSourcesInput) (*listSourcesOutput, error) {
	q, err := s.queueByURL(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	urls, token, err := s.pageOfURLs(s.sourceQueueNames(q), in.page)
	return &listSourcesOutput{urls, token}, err
}

func (s *Service) pageOfURLs(names []string, p page) (urls []string, token string, err error) {
	limit := 1000
	if p.MaxResults != nil {
		limit = *p.MaxResults
	}
	if limit < 1 || limit > 1000 {
		return nil, "", invalidParameter(limit, "MaxResults", "Must be between 1 and 1000.")
	}
	at, found := slices.BinarySearch(names, p.NextToken)
	if found {
		at++
	}
	names = names[at:]
	if len(names) > limit && p.MaxResults != nil { // without a maximum SQS gives no token
		token = names[limit-1]
	}
	urls = []string{}
	for _, name := range names[:min(limit, len(names))] {
		urls = append(urls, s.cfg.Endpoint+"/"+s.cfg.Account+"/"+name)
	}
	return urls, token, nil
}

type getQueueAttributesInput struct {
	QueueUrl       string
	AttributeNames []string
}

type getQueueAttributesOutput struct {
	Attributes map[string]string `json:",omitempty"`
}

func (s *Service) getQueueAttributes(_ *http.Request, in *getQueueAttributesInput) (*getQueueAttributesOutput, error) {
	q, err := s.queueByURL(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	all := q.attributes()
	if slices.Contains(in.AttributeNames, "All") {
		return &getQueueAttributesOutput{all}, nil
	}
	out := map[string]string{}
	for _, name := range in.AttributeNames {
		if !slices.Contains(queueAttributes, name) {
			return nil, protocol.Errorf("InvalidAttributeName", "Unknown Attribute %s.", name)
		}
		if value, ok := all[name]; ok {
			out[name] = value
		}
	}
	return &getQueueAttributesOutput{out}, nil
}

// queueAttributes are the names that GetQueueAttributes knows; not every queue has them all.
var queueAttributes = []string{
	"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed", "ApproximateNumberOfMessagesNotVisible",
	"ContentBasedDeduplication", "CreatedTimestamp", "DeduplicationScope", "DelaySeconds", "FifoQueue",
	"FifoThroughputLimit", "KmsDataKeyReusePeriodSeconds", "KmsMasterKeyId", "LastModifiedTimestamp", "MaximumMessageSize",
	"MessageRetentionPeriod", "Policy", "QueueArn", "ReceiveMessageWaitTimeSeconds", "RedriveAllowPolicy", "RedrivePolicy",
	"SqsManagedSseEnabled", "VisibilityTimeout",
}

// attributes are the queue's settings and its depth, as GetQueueAttributes names them.
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
	QueueUrl   string
	Attributes map[string]string
}

func (s *Service) setQueueAttributes(_ *http.Request, in *setQueueAttributesInput) (*empty, error) {
	q, err := s.queueByURL(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	set, err := s.applyAttributes(q.settings, in.Attributes)
	if err != nil {
		return nil, err
	}
	if q.deleted {
		return nil, errQueueDoesNotExist
	}
	return &empty{}, q.configure(set)
}
