package eventpipeline

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
)

// validateExisting checks the settings of existing resources. validateAtSynth checks the settings
// that the app can still change until synth.
func (v *validation) validateExisting(p EventPipelineProps) {
	v.require((p.Queue == nil) == (p.DeadLetterQueue == nil), "DeadLetterQueue",
		"must be set together with Queue")
	v.requireStandard("Queue", p.Queue)
	v.requireStandard("DeadLetterQueue", p.DeadLetterQueue)
	if p.Queue != nil && p.DeadLetterQueue != nil {
		queue := identity(p.Queue, p.Queue.QueueArn(), "")
		v.require(queue != identity(p.DeadLetterQueue, p.DeadLetterQueue.QueueArn(), ""),
			"DeadLetterQueue", "must differ from Queue: failed messages would be delivered again")
	}
	if p.Vpc != nil {
		v.validateSubnets(p)
		v.require(p.SecurityGroups == nil || len(*p.SecurityGroups) > 0, "SecurityGroups",
			"must not be empty: omit it to give each function its own group")
		requireNoNil(v, "SecurityGroups", p.SecurityGroups)
	}
}

func (v *validation) requireStandard(prop string, queue awssqs.IQueue) {
	v.require(queue == nil || isStandard(queue), prop,
		"must be a standard queue, got a FIFO queue: "+
			"a message that always fails would block its message group")
}

func (v *validation) validateSubnets(p EventPipelineProps) {
	prop := "VpcSubnets"
	if p.VpcSubnets == nil {
		prop = "Vpc"
	}
	selected, err := selectSubnets(p.Vpc, p.VpcSubnets)
	if err != nil {
		v.addError(prop, "must have subnets for the functions: %v", err)
		return
	}
	v.require(!*selected.HasPublic, "VpcSubnets", "must be private subnets, with a NAT gateway "+
		"or VPC endpoints, got public subnets: functions there reach neither AWS nor the internet")
}

// selectSubnets returns the subnets of vpc that selection describes. The CDK panics if there are
// none, and selectSubnets returns this panic as an error.
func selectSubnets(
	vpc awsec2.IVpc, selection *awsec2.SubnetSelection,
) (selected *awsec2.SelectedSubnets, err error) {
	defer func() {
		if thrown := recover(); thrown != nil {
			err = fmt.Errorf("%v", thrown)
		}
	}()
	return vpc.SelectSubnets(selection), nil
}

// requireSameEnvironment rejects a bus or table in another account or region. The functions know
// only the name of the bus or table. They use this name in their own account and region.
func (v *validation) requireSameEnvironment(stack awscdk.Stack, p EventPipelineProps) {
	if p.EventBus != nil {
		v.requireEnvironment(stack, "EventBus", p.EventBus, p.EventBus.EventBusArn(),
			"forward events to that bus with OnEventProcessed and awseventstargets.NewEventBus")
	}
	if p.EventsTable != nil {
		v.requireEnvironment(stack, "EventsTable", p.EventsTable, p.EventsTable.TableArn(),
			"deploy the pipeline in the account and region of the table")
	}
}

func (v *validation) requireEnvironment(
	stack awscdk.Stack, prop string, resource awscdk.IResource, arn *string, fix string,
) {
	account, region := resourceEnvironment(resource, arn)
	for _, part := range []struct{ name, got, want string }{
		{"account", account, *stack.Account()},
		{"region", region, *stack.Region()},
	} {
		unknown := isUnresolved(&part.got) || isUnresolved(&part.want)
		v.require(part.got == part.want || unknown, prop,
			"must be in the stack's %s %s, got %s: %s", part.name, part.want, part.got, fix)
	}
}

// unusedProps adds an error for each prop that has no effect because of another prop. Pass the
// user's props, without defaults.
func (v *validation) unusedProps(p EventPipelineProps) {
	v.unusedWith(p, "BronzeBucket", p.BronzeBucket != nil, "BronzeEncryptionKey",
		"BronzeInfrequentAccessAfter", "BronzeArchiveAfter", "BronzeExpiration", "BronzeObjectLock")
	v.unusedWith(p, "SilverBucket", p.SilverBucket != nil,
		"SilverEncryptionKey", "SilverExpiration")
	noBuckets := p.BronzeBucket != nil && p.SilverBucket != nil
	v.unusedWith(p, "BronzeBucket and SilverBucket", noBuckets, "ServerAccessLogsBucket",
		"NoncurrentVersionExpiration", "AbortIncompleteMultipartUploadAfter")
	v.unused(p, noBuckets || p.ServerAccessLogsBucket != nil,
		"must be set only if the pipeline creates the log bucket", "ServerAccessLogsExpiration")
	v.unusedWith(p, "EventsTable", p.EventsTable != nil, "EventsTableEncryptionKey",
		"EventsTableDeletionProtection")
	v.unusedWith(p, "Queue", p.Queue != nil, "QueueEncryptionKey", "QueueRetention",
		"DeadLetterQueueRetention", "VisibilityTimeout")
	v.unusedWith(p, "EventBus", p.EventBus != nil, "EventBusEncryptionKey")
	v.unusedWith(p, "HttpApi", p.HttpApi != nil, "ThrottlingRateLimit", "ThrottlingBurstLimit",
		"WebhooksThrottlingRateLimit", "WebhooksThrottlingBurstLimit",
		"CorsPreflight", "DomainName", "DomainCertificate", "DomainMappingKey", "MutualTls",
		"DomainOwnershipCertificate",
		"DisableExecuteApiEndpoint")
	v.unused(p, p.ReconcilerEnabled != nil && !*p.ReconcilerEnabled,
		"must not be set with ReconcilerEnabled false", "ReconcilerInterval")
	v.unused(p, p.MinimumPollers != nil, "must not be set with MinimumPollers: "+
		"Lambda accepts either a concurrency or provisioned pollers", "MaxConcurrency")
	v.unused(p, p.MinimumPollers == nil, "must not be set without MinimumPollers",
		"MaximumPollers")
	v.unused(p, p.Webhooks == nil, "must not be set without Webhooks",
		"WebhooksThrottlingRateLimit", "WebhooksThrottlingBurstLimit")
	v.unused(p, p.Vpc == nil, "must not be set without Vpc", "VpcSubnets", "SecurityGroups")
	// EncryptionKey applies to the parts that the pipeline creates and that have no key of their
	// own. The pipeline always creates its log groups.
	partWithoutKey := p.LogEncryptionKey == nil ||
		p.BronzeBucket == nil && p.BronzeEncryptionKey == nil ||
		p.SilverBucket == nil && p.SilverEncryptionKey == nil ||
		p.EventsTable == nil && p.EventsTableEncryptionKey == nil ||
		p.Queue == nil && p.QueueEncryptionKey == nil ||
		p.EventBus == nil && p.EventBusEncryptionKey == nil
	v.unused(p, !partWithoutKey,
		"must not be set if each part is an existing resource or has its own key", "EncryptionKey")
	open := p.Authorization == AuthorizationOpenToAnyoneOnTheInternet
	v.require(!open || !valueOrZero(p.StatusForAllCallers), "StatusForAllCallers",
		"must not be true with Authorization %q, which does not identify callers", p.Authorization)
	waits := p.MaxBatchingWindow != nil && inSeconds(p.MaxBatchingWindow) > 0
	v.require(valueOrZero(p.BatchSize) != 1 || !waits, "MaxBatchingWindow",
		"must be 0 with a BatchSize of 1: a single message fills the batch")
	if t := p.AlarmThresholds; t != nil {
		v.require(t.ThrottledRequests == nil || p.HttpApi == nil,
			"AlarmThresholds.ThrottledRequests", "must not be set with HttpApi: the pipeline "+
				"can't count the throttled requests of an existing API")
		v.require(t.RefusedSignatures == nil || p.Webhooks != nil,
			"AlarmThresholds.RefusedSignatures", "must not be set without Webhooks")
		v.require(t.ReconcilerMissingRuns == nil || p.ReconcilerEnabled == nil ||
			*p.ReconcilerEnabled, "AlarmThresholds.ReconcilerMissingRuns",
			"must not be set with ReconcilerEnabled false")
	}
	if cors := p.CorsPreflight; cors != nil {
		v.require(len(valueOrZero(cors.AllowOrigins)) > 0, "CorsPreflight",
			"must contain AllowOrigins: without an origin, no browser may call the API")
	}
}

func (v *validation) unusedWith(p EventPipelineProps, existing string, cond bool, props ...string) {
	rule := "must not be set with " + existing + ": configure the existing resource instead"
	v.unused(p, cond, rule, props...)
}

// unused adds an error for each named prop that is set, if cond is true. The error's text is the
// prop's name, a space and the parameter rule.
func (v *validation) unused(p EventPipelineProps, cond bool, rule string, props ...string) {
	for _, prop := range props {
		v.require(!cond || reflect.ValueOf(p).FieldByName(prop).IsZero(), prop, "%s", rule)
	}
}

// validateAtSynth defers checks until synth. Before synth, the app can still change existing
// resources and the pipeline's L1 resources.
func (v *validation) validateAtSynth(p *eventPipeline, requested EventPipelineProps) {
	prefix := requested.PhysicalNamePrefix
	p.registerNames(prefix, p.sharedNames(prefix), p.Alarms()...)
	v.deferred = append(v.deferred, func(v *validation) {
		v.requireOwnNames(p)
		v.validateQueuesAtSynth(requested)
		v.validateTableAtSynth(requested)
		v.validateEnvironmentAtSynth(p)
		logs := requested.ServerAccessLogsBucket
		v.require(logs == nil || !encryptedByKMS(logs), "ServerAccessLogsBucket",
			"must use BucketEncryption_S3_MANAGED, got a KMS key: "+
				"S3 delivers no access logs to a bucket with a KMS key")
		mapping := p.eventSource.Node().DefaultChild().(awslambda.CfnEventSourceMapping)
		reports := func(t *string) bool { return *t == "ReportBatchItemFailures" }
		v.require(slices.ContainsFunc(valueOrZero(mapping.FunctionResponseTypes()), reports),
			"EventSourceMapping", "must keep ReportBatchItemFailures in FunctionResponseTypes: "+
				"without it, one failed message makes SQS deliver the whole batch again")
	})
}

func (v *validation) validateQueuesAtSynth(p EventPipelineProps) {
	if p.Queue == nil || p.DeadLetterQueue == nil {
		return
	}
	queue, deadLetterQueue := cfnQueue(p.Queue), cfnQueue(p.DeadLetterQueue)
	if queue == nil {
		return
	}
	if timeout := visibilityTimeout(queue); timeout != nil {
		v.require(*timeout >= minVisibility(p), "Queue's visibility timeout in seconds",
			"must be at least %s (MaxBatchingWindow plus six times WorkerFunction.Timeout), got %s",
			formatNumber(minVisibility(p)), formatNumber(*timeout))
	}
	target, count := redrivePolicy(queue)
	switch {
	case target == nil:
		v.addError("Queue", "must have a redrive policy with the target DeadLetterQueue")
	case formatJSON(target) != formatJSON(queue.Stack().Resolve(p.DeadLetterQueue.QueueArn())):
		v.addError("Queue's redrive policy", "must have the target DeadLetterQueue")
	case count != nil:
		v.require(*count >= existingMaxReceives, "Queue's maxReceiveCount",
			"must be at least %d, got %s: SQS counts every delivery, also during an outage; "+
				"the prop MaxReceiveCount limits an event's tries",
			existingMaxReceives, formatNumber(*count))
	}
	if deadLetterQueue == nil {
		return
	}
	dlqRetention, retention := queueRetention(deadLetterQueue), queueRetention(queue)
	if dlqRetention != nil && retention != nil {
		v.require(*dlqRetention > *retention, "DeadLetterQueue's retention in seconds",
			"must be longer than that of Queue, got %s and %s: "+
				"a message keeps its age when SQS moves it to the DLQ",
			formatNumber(*dlqRetention), formatNumber(*retention))
	}
}

func (v *validation) validateTableAtSynth(p EventPipelineProps) {
	if p.EventsTable == nil {
		return
	}
	keys, ttlAttribute, ok := tableSchema(p.EventsTable)
	if !ok {
		return
	}
	v.require(slices.Equal(keys, []string{"pk HASH S"}), "EventsTable",
		"must have the partition key pk, a string, and no sort key, got %q", keys)
	v.require(ttlAttribute == "expiresAt", "EventsTable",
		"must have the time-to-live attribute expiresAt, got %q: otherwise items never expire",
		ttlAttribute)
}
