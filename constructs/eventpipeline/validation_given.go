package eventpipeline

import (
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
)

// choice is a prop, and whether it is given.
type choice struct {
	name  string
	given bool
}

// contradictions finds, among the props as they were given, those that another one makes void.
func (m *mistakes) contradictions(p EventPipelineProps) {
	m.void(p.BronzeBucket != nil, "is for a bucket of the pipeline's own; leave it out, and set the like on BronzeBucket",
		choice{"BronzeEncryptionKey", p.BronzeEncryptionKey != nil},
		choice{"BronzeInfrequentAccessAfter", p.BronzeInfrequentAccessAfter != nil},
		choice{"BronzeArchiveAfter", p.BronzeArchiveAfter != nil},
		choice{"BronzeExpiration", p.BronzeExpiration != nil},
		choice{"BronzeObjectLock", p.BronzeObjectLock != nil})
	m.void(p.SilverBucket != nil, "is for a bucket of the pipeline's own; leave it out, and set the like on SilverBucket",
		choice{"SilverEncryptionKey", p.SilverEncryptionKey != nil},
		choice{"SilverExpiration", p.SilverExpiration != nil})
	m.void(p.BronzeBucket != nil && p.SilverBucket != nil, "is for buckets of the pipeline's own, of which there is none; leave it out, and set the like on BronzeBucket and SilverBucket",
		choice{"ServerAccessLogsBucket", p.ServerAccessLogsBucket != nil},
		choice{"ServerAccessLogsExpiration", p.ServerAccessLogsExpiration != nil && p.ServerAccessLogsBucket == nil},
		choice{"NoncurrentVersionExpiration", p.NoncurrentVersionExpiration != nil},
		choice{"AbortIncompleteMultipartUploadAfter", p.AbortIncompleteMultipartUploadAfter != nil})
	m.void(p.ServerAccessLogsBucket != nil, "is for a bucket of the pipeline's own; leave it out, and have ServerAccessLogsBucket expire its objects",
		choice{"ServerAccessLogsExpiration", p.ServerAccessLogsExpiration != nil})
	m.void(p.EventsTable != nil, "is for a table of the pipeline's own; leave it out, and encrypt EventsTable with it",
		choice{"EventsTableEncryptionKey", p.EventsTableEncryptionKey != nil})
	m.void(p.Queue != nil, "is for queues of the pipeline's own; leave it out, and set the like on Queue and DeadLetterQueue",
		choice{"QueueEncryptionKey", p.QueueEncryptionKey != nil},
		choice{"QueueRetention", p.QueueRetention != nil},
		choice{"DeadLetterQueueRetention", p.DeadLetterQueueRetention != nil},
		choice{"VisibilityTimeout", p.VisibilityTimeout != nil})
	m.void(p.EventBus != nil, "is for a bus of the pipeline's own; leave it out, and encrypt EventBus with it",
		choice{"EventBusEncryptionKey", p.EventBusEncryptionKey != nil})
	m.void(p.ReconcilerEnabled != nil && !*p.ReconcilerEnabled, "is how often the reconciler runs, which ReconcilerEnabled false switches off; leave one of them out",
		choice{"ReconcilerInterval", p.ReconcilerInterval != nil})
	m.void(p.HttpApi != nil, "is for an API of the pipeline's own; leave it out, and set the like on HttpApi",
		choice{"ThrottlingRateLimit", p.ThrottlingRateLimit != nil},
		choice{"ThrottlingBurstLimit", p.ThrottlingBurstLimit != nil},
		choice{"CorsPreflight", p.CorsPreflight != nil},
		choice{"DomainName", p.DomainName != nil},
		choice{"DomainCertificate", p.DomainCertificate != nil},
		choice{"DomainMappingKey", p.DomainMappingKey != nil},
		choice{"MutualTls", p.MutualTls != nil},
		choice{"DisableExecuteApiEndpoint", p.DisableExecuteApiEndpoint != nil})
	m.void(p.Vpc == nil, "is about a Vpc; give that, too, or leave it out",
		choice{"VpcSubnets", p.VpcSubnets != nil},
		choice{"SecurityGroups", p.SecurityGroups != nil})
	m.unless(p.StatusForAllCallers == nil || !*p.StatusForAllCallers || p.Authorization != AuthorizationOpenToAnyoneOnTheInternet,
		"StatusForAllCallers is of no use with Authorization %q, which tells no caller from another; leave it out", AuthorizationOpenToAnyoneOnTheInternet)
	m.unless(p.BatchSize == nil || *p.BatchSize != 1 || p.MaxBatchingWindow == nil || seconds(p.MaxBatchingWindow) == 0,
		"MaxBatchingWindow is of no use with a BatchSize of 1, which is full at once; raise BatchSize, or leave the window out")
	m.unless(p.EncryptionKey == nil || encryptsSomething(p), "EncryptionKey is of no use when each part is given or has a key of its own; leave it out")
	if cors := p.CorsPreflight; cors != nil {
		m.unless(cors.AllowOrigins != nil && len(*cors.AllowOrigins) > 0, "CorsPreflight without AllowOrigins lets no browser in; name the origins, or leave it out")
	}
}

// encryptsSomething tells whether a part of the pipeline's own has no other key than EncryptionKey.
func encryptsSomething(p EventPipelineProps) bool {
	return p.BronzeBucket == nil && p.BronzeEncryptionKey == nil ||
		p.SilverBucket == nil && p.SilverEncryptionKey == nil ||
		p.EventsTable == nil && p.EventsTableEncryptionKey == nil ||
		p.Queue == nil && p.QueueEncryptionKey == nil ||
		p.EventBus == nil && p.EventBusEncryptionKey == nil ||
		p.LogEncryptionKey == nil // logs are always the pipeline's own
}

// void finds choices that have no effect when something holds.
func (m *mistakes) void(holds bool, why string, choices ...choice) {
	for _, c := range choices {
		m.unless(!holds || !c.given, "%s %s", c.name, why)
	}
}

// resources finds what the pipeline can't work with, of resources of the user's, as soon as they are given.
func (m *mistakes) resources(p EventPipelineProps) {
	m.unless((p.Queue == nil) == (p.DeadLetterQueue == nil), "Queue and DeadLetterQueue go together: give both, or neither")
	m.standard("Queue", p.Queue)
	m.standard("DeadLetterQueue", p.DeadLetterQueue)
	if p.Queue != nil && p.DeadLetterQueue != nil {
		m.unless(identity(p.Queue, p.Queue.QueueArn(), "") != identity(p.DeadLetterQueue, p.DeadLetterQueue.QueueArn(), ""),
			"Queue and DeadLetterQueue are one queue; give two, or what can't be processed is delivered again and again")
	}
	if p.Vpc != nil {
		m.subnets(p)
		m.unless(p.SecurityGroups == nil || len(*p.SecurityGroups) > 0, "SecurityGroups is empty; leave it out for one of each function's own")
	}
}

// elsewhere finds what is in another account or region than the stack, where the functions look for its name.
func (m *mistakes) elsewhere(stack awscdk.Stack, p EventPipelineProps) {
	if p.EventBus != nil {
		m.here(stack, "EventBus", p.EventBus, p.EventBus.EventBusArn(),
			"take one of the stack's own, and lead its events on by a rule, such as OnEventProcessed with a target of awseventstargets.NewEventBus")
	}
	if p.EventsTable != nil {
		m.here(stack, "EventsTable", p.EventsTable, p.EventsTable.TableArn(), "take one of the stack's own, or deploy the pipeline there")
	}
}

func (m *mistakes) here(stack awscdk.Stack, name string, resource awscdk.IResource, arn *string, fix string) {
	account, region := home(resource, arn)
	for _, part := range []struct{ name, its, stacks string }{{"account", account, *stack.Account()}, {"region", region, *stack.Region()}} {
		if part.its != part.stacks && !unresolved(&part.its) && !unresolved(&part.stacks) {
			m.unless(false, "%s is of the %s %s and the stack of %s, where the functions look for its name; %s", name, part.name, part.its, part.stacks, fix)
		}
	}
}

func (m *mistakes) subnets(p EventPipelineProps) {
	selected, err := selectSubnets(p.Vpc, p.VpcSubnets)
	switch {
	case err != nil && p.VpcSubnets == nil:
		m.unless(false, "Vpc has no subnets for functions: %v; give one that has private ones", err)
	case err != nil:
		m.unless(false, "VpcSubnets finds no subnets of Vpc: %v; select some that it has", err)
	default:
		m.unless(!*selected.HasPublic,
			"VpcSubnets are public, from where functions reach neither AWS nor the internet; take private ones, with a NAT gateway or VPC endpoints")
	}
}

func (m *mistakes) standard(name string, queue awssqs.IQueue) {
	m.unless(queue == nil || !*queue.Fifo(), "%s is a FIFO queue; give a standard one: a poison message would hold up its whole group", name)
}

// queues looks into queues of the user's at synth, when all that the app does to them is done.
func (m *mistakes) queues(p EventPipelineProps) {
	if p.Queue == nil || p.DeadLetterQueue == nil {
		return
	}
	queue, deadLetters := cfnQueue(p.Queue), cfnQueue(p.DeadLetterQueue)
	if queue == nil {
		return
	}
	if hidden := visibility(queue); hidden != nil {
		m.unless(*hidden >= leastVisibility(p),
			"Queue's visibility timeout is %s seconds; make it at least %s, six times WorkerTimeout plus MaxBatchingWindow, as Lambda asks for", text(*hidden), text(leastVisibility(p)))
	}
	target, count := redrive(queue)
	switch {
	case target == nil:
		m.unless(false, "Queue has no redrive policy; have it lead to DeadLetterQueue, or a poison message comes again until it expires")
	case written(target) != written(queue.Stack().Resolve(p.DeadLetterQueue.QueueArn())):
		m.unless(false, "Queue's redrive policy leads to another queue than DeadLetterQueue; make them the same")
	case count != nil:
		m.unless(*count == *p.MaxReceiveCount,
			"Queue's maxReceiveCount is %s and MaxReceiveCount %s; make them the same, or leave MaxReceiveCount out: the worker function relies on it", text(*count), text(*p.MaxReceiveCount))
	}
	if deadLetters == nil {
		return
	}
	if dead, kept := retention(deadLetters), retention(queue); dead != nil && kept != nil {
		m.unless(*dead > *kept,
			"DeadLetterQueue keeps messages for %s seconds and Queue for %s; raise the one or lower the other: a message's age counts from when it was first sent", text(*dead), text(*kept))
	}
}

// table looks into a table of the user's at synth.
func (m *mistakes) table(p EventPipelineProps) {
	if p.EventsTable == nil {
		return
	}
	keys, expiry, ok := schemaOf(p.EventsTable)
	if !ok {
		return
	}
	m.unless(slices.Equal(keys, []string{"pk HASH S"}), "EventsTable has the key %q; give one with the partition key pk, a string, and no sort key", keys)
	m.unless(expiry == "expiresAt", "EventsTable has the time-to-live attribute %q; set it to expiresAt, or items are kept for ever, whatever StatusRetention is", expiry)
}

// accessLogs looks into a bucket of the user's at synth.
func (m *mistakes) accessLogs(p EventPipelineProps) {
	m.unless(p.ServerAccessLogsBucket == nil || !encryptedByKMS(p.ServerAccessLogsBucket),
		"ServerAccessLogsBucket is encrypted by a KMS key, to which S3 delivers no logs; give one with awss3.BucketEncryption_S3_MANAGED")
}

// partialBatches finds at synth that the mapping was changed to have a batch fail as a whole.
func (m *mistakes) partialBatches(p *eventPipeline) {
	types := p.eventSource.Node().DefaultChild().(awslambda.CfnEventSourceMapping).FunctionResponseTypes()
	m.unless(types != nil && slices.ContainsFunc(*types, func(t *string) bool { return *t == "ReportBatchItemFailures" }),
		"EventSourceMapping does not report batch item failures; leave its FunctionResponseTypes alone, or one message that is tried again brings back its whole batch")
}
