package eventpipeline

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

// rulesID is the id of a construct that contains the rules of OnEventProcessed. The ids of rules
// therefore don't collide with the ids of the pipeline's parts.
const rulesID = "OnEventProcessed"

func (p *eventPipeline) OnEventProcessed(
	id *string, target awsevents.IRuleTarget,
) awsevents.Rule {
	var rules constructs.Construct
	if child := p.Node().TryFindChild(jsii.String(rulesID)); child != nil {
		rules = child.(constructs.Construct)
	} else {
		rules = constructs.NewConstruct(p, jsii.String(rulesID))
	}
	return p.OnEventProcessedIn(rules, id, target)
}

func (p *eventPipeline) OnEventProcessedIn(
	scope constructs.Construct, id *string, target awsevents.IRuleTarget,
) awsevents.Rule {
	if p.props.Notifications != NotificationsPerEvent {
		p.validation.addError("OnEventProcessed", "must not be used with Notifications %q: "+
			"the rule would miss events. Add your own rule to EventBus()",
			p.props.Notifications)
	}
	props := &awsevents.RuleProps{
		EventBus: p.eventBus,
		EventPattern: &awsevents.EventPattern{
			Source:     jsii.Strings(contract.EventSource),
			DetailType: jsii.Strings(contract.EventProcessed),
			Detail:     p.detailPattern(),
		},
	}
	if target != nil {
		props.Targets = &[]awsevents.IRuleTarget{target}
	}
	rule := awsevents.NewRule(scope, id, props)
	awscdk.Aspects_Of(rule).Add(&ruleTargets{p}, nil)
	alarm := newRuleAlarm(p, rule)
	p.alarms.rules = append(p.alarms.rules, alarm)
	p.registerNames(p.props.PhysicalNamePrefix, map[string]string{}, alarm)
	return rule
}

// detailPattern returns a pattern that matches the detail of this pipeline's notifications. No
// other pipeline can have the same Bronze bucket.
func (p *eventPipeline) detailPattern() *map[string]any {
	pattern := map[string]any{
		"bronze": map[string]any{"bucket": []*string{p.bronzeBucket.BucketName()}},
		"silver": map[string]any{"bucket": []*string{p.silverBucket.BucketName()}},
	}
	if p.props.NotificationFormat == NotificationFormatCloudEvents {
		return &map[string]any{"data": pattern}
	}
	return &pattern
}

// ruleTargets is an aspect of a rule. The CDK calls it after the app has added all targets. At that
// time, the CDK has not resolved references between stacks yet.
type ruleTargets struct{ pipeline *eventPipeline }

// Visit adds the pipeline's DLQ for notifications to each target that has no DLQ. It adds an error
// if a target would make two stacks depend on each other. The CDK itself panics in this case,
// without a helpful message.
func (r *ruleTargets) Visit(node constructs.IConstruct) {
	rule, ok := node.(awsevents.CfnRule)
	if !ok {
		return
	}
	v := r.pipeline.validation
	if policy := policyOfForeignQueue(rule); policy != nil {
		v.addError("OnEventProcessed", "must not be used for the target of rule %s: its queue is "+
			"in stack %s, and the rule and the policy of that queue would refer to each other. "+
			"Create the rule in the stack of the queue: OnEventProcessedIn(stack, id, target)",
			*rule.Node().Path(), *policy.Stack().Node().Path())
		removeTargets(rule)
		policy.SetPolicyDocument(map[string]any{})
		return
	}
	if stack, user := cyclicStack(rule); stack != nil {
		v.addError("OnEventProcessed", "must not be used for the target of rule %s: the target is "+
			"in stack %s, whose resource %s uses this pipeline's stack. "+
			"Create the rule in the stack of the target: OnEventProcessedIn(stack, id, target)",
			*rule.Node().Path(), *stack.Node().Path(), user)
		removeTargets(rule)
		return
	}
	addDeadLetterQueue(rule, r.pipeline.notificationDLQ)
}

// removeTargets removes the rule's targets, and the constructs that the CDK added for the targets.
// With them, two stacks refer to each other. The CDK then panics before it reports the errors that
// Visit added.
func removeTargets(rule awsevents.CfnRule) {
	rule.SetTargets([]any{})
	parent := rule.Node().Scope().Node()
	for _, child := range *parent.Children() {
		if *child.Node().Path() != *rule.Node().Path() {
			parent.TryRemoveChild(child.Node().Id())
		}
	}
}

// cyclicStack searches the stacks of the rule's targets for a resource that refers to the rule's
// stack. It returns the stack and the path of the first such resource, or nil and "".
//
// A reference contains a logical id, but no stack. If both stacks have a resource with this id,
// the reference is ambiguous, and cyclicStack ignores it.
func cyclicStack(rule awsevents.CfnRule) (stack awscdk.Stack, user string) {
	own := logicalIDs(rule.Stack())
	ownPath := *rule.Stack().Node().Path()
	targets := formatJSON(rule.Stack().Resolve(rule.Targets()))
	if !refersToOthers(targets, own) {
		return nil, ""
	}
	for _, node := range *rule.Node().Root().Node().FindAll(constructs.ConstructOrder_PREORDER) {
		other, ok := node.(awscdk.Stack)
		if !ok {
			continue
		}
		inOwnCallback(other, func() {
			if *other.Node().Path() != ownPath {
				user = userOf(own, other, targets)
			}
		})
		if user != "" {
			return other, user
		}
	}
	return nil, ""
}

// userOf returns the path of a resource that refers to the rule's stack, or "". It searches the
// stack other, but only if this stack contains a target of the rule.
// - own contains the logical ids of the rule's stack.
// - targets is the JSON text of the rule's targets.
func userOf(own map[string]bool, other awscdk.Stack, targets string) (user string) {
	foreign := logicalIDs(other)
	isTarget := func(id string) bool { return !own[id] && refersTo(targets, id) }
	if !slices.ContainsFunc(slices.Collect(maps.Keys(foreign)), isTarget) {
		return ""
	}
	forEach(other, resourcesOf(other), func(r awscdk.CfnResource) {
		properties := formatJSON(other.Resolve(r.CfnProperties()))
		for id := range own {
			if user == "" && !foreign[id] && refersTo(properties, id) {
				user = *r.Node().Path()
			}
		}
	})
	return user
}

// reference matches the logical id in a reference to a resource. It does not match the name of a
// pseudo parameter, such as AWS::Region.
var reference = regexp.MustCompile(`"(?:Ref|Fn::GetAtt)":\[?"([A-Za-z0-9]+)"`)

// refersToOthers reports whether a JSON text refers to a logical id that the map own does not
// contain.
func refersToOthers(text string, own map[string]bool) bool {
	return slices.ContainsFunc(reference.FindAllStringSubmatch(text, -1),
		func(match []string) bool { return !own[match[1]] })
}

// refersTo reports whether a JSON text contains a logical id as a string.
func refersTo(text, id string) bool { return strings.Contains(text, `"`+id+`"`) }

// resourcesOf returns the resources of a stack, without those of nested stacks.
func resourcesOf(stack awscdk.Stack) []awscdk.CfnResource {
	path := *stack.Node().Path()
	var all, own []awscdk.CfnResource
	for _, node := range *stack.Node().FindAll(constructs.ConstructOrder_PREORDER) {
		if r, ok := node.(awscdk.CfnResource); ok {
			all = append(all, r)
		}
	}
	forEach(stack, all, func(r awscdk.CfnResource) {
		if *r.Stack().Node().Path() == path {
			own = append(own, r)
		}
	})
	return own
}

// logicalIDs returns the logical ids of a stack's resources.
func logicalIDs(stack awscdk.Stack) map[string]bool {
	ids := map[string]bool{}
	forEach(stack, resourcesOf(stack), func(r awscdk.CfnResource) {
		ids[*stack.GetLogicalId(r)] = true
	})
	return ids
}

// forEach calls f for each element of a list. Each call of inOwnCallback handles up to 50 elements.
// In an aspect, use forEach for a list that can be long.
func forEach[T any](stack awscdk.Stack, list []T, f func(T)) {
	for part := range slices.Chunk(list, 50) {
		inOwnCallback(stack, func() {
			for _, element := range part {
				f(element)
			}
		})
	}
}

// inOwnCallback calls f in its own callback from Node.js. Calls to the CDK in a callback use the
// call stack of Node.js until the callback returns. A few thousand calls in one callback overflow
// that stack.
func inOwnCallback(stack awscdk.Stack, f func()) {
	stack.Resolve(awscdk.Lazy_UncachedAny(&callback{f}, nil))
}

// callback implements awscdk.IAnyProducer.
type callback struct{ f func() }

// Produce calls the function. Its result is not used.
func (c *callback) Produce(awscdk.IResolveContext) any {
	c.f()
	return ""
}

// addDeadLetterQueue sets the DLQ of each target that has none.
func addDeadLetterQueue(rule awsevents.CfnRule, queue awssqs.IQueue) {
	targets, _ := rule.Stack().Resolve(rule.Targets()).([]any)
	for i, target := range targets {
		if target, ok := target.(map[string]any); ok && target["deadLetterConfig"] == nil {
			path := fmt.Sprintf("Targets.%d.DeadLetterConfig.Arn", i)
			rule.AddPropertyOverride(&path, queue.QueueArn())
		}
	}
}

// policyOfForeignQueue returns the policy of a queue in another stack, or nil. The queue is the
// rule's target or a target's DLQ, and the policy refers to the rule.
//
// A reference contains only a logical id. policyOfForeignQueue ignores a stack that has its own
// rule with the same id.
func policyOfForeignQueue(rule awsevents.CfnRule) (found awssqs.CfnQueuePolicy) {
	stack := rule.Stack()
	ruleID := *stack.GetLogicalId(rule)
	targets := formatJSON(stack.Resolve(rule.Targets()))
	var rules []awsevents.CfnRule
	var policies []awssqs.CfnQueuePolicy
	for _, node := range *rule.Node().Root().Node().FindAll(constructs.ConstructOrder_PREORDER) {
		switch node := node.(type) {
		case awsevents.CfnRule:
			rules = append(rules, node)
		case awssqs.CfnQueuePolicy:
			policies = append(policies, node)
		}
	}
	stacksWithRule := map[string]bool{}
	forEach(stack, rules, func(other awsevents.CfnRule) {
		if *other.Stack().GetLogicalId(other) == ruleID {
			stacksWithRule[*other.Stack().Node().Path()] = true
		}
	})
	forEach(stack, policies, func(policy awssqs.CfnQueuePolicy) {
		if found != nil || stacksWithRule[*policy.Stack().Node().Path()] {
			return
		}
		document := formatJSON(policy.Stack().Resolve(policy.PolicyDocument()))
		if refersTo(document, ruleID) && refersToQueueOf(targets, policy) {
			found = policy
		}
	})
	return found
}

// refersToQueueOf reports whether targets contains the logical id of one of the policy's queues.
// The parameter targets is a JSON text.
func refersToQueueOf(targets string, policy awssqs.CfnQueuePolicy) bool {
	urls, _ := policy.Stack().Resolve(policy.Queues()).([]any)
	return slices.ContainsFunc(urls, func(url any) bool {
		reference, _ := url.(map[string]any)
		id, _ := reference["Ref"].(string)
		return id != "" && refersTo(targets, id)
	})
}
