package eventpipeline_test

import (
	"slices"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"

	"github.com/event-driven-cloud-platform/eventpipeline/constructs/eventpipeline"
	"github.com/event-driven-cloud-platform/eventpipeline/test/synth"
)

// fromAlarms returns the statement that allows the account's alarms to perform actions on a
// resource.
func fromAlarms(resource string, actions ...string) synth.Statement {
	return synth.Statement{
		Effect: "Allow", Principal: map[string]any{"Service": "cloudwatch.amazonaws.com"},
		Actions: actions, Resources: []string{resource},
		Condition: map[string]any{
			"StringEquals": map[string]any{"aws:SourceAccount": "${AWS::AccountId}"},
			"ArnLike": map[string]any{"aws:SourceArn": "arn:${AWS::Partition}:cloudwatch:" +
				"${AWS::Region}:${AWS::AccountId}:alarm:*"},
		},
	}
}

// hasStatement reports whether a policy of the given type contains a statement.
func hasStatement(t *testing.T, s synth.Template, policyType string, want synth.Statement) bool {
	t.Helper()
	return slices.ContainsFunc(s.IDsOf(policyType), func(id string) bool {
		return slices.ContainsFunc(s.Resources[id].Statements(t), func(got synth.Statement) bool {
			return cmp.Equal(want, got)
		})
	})
}

func TestAlarmTopic_LetsCloudWatchPublish(t *testing.T) {
	for name, options := range map[string]func(awscdk.Stack) *awssns.TopicProps{
		"plain": func(awscdk.Stack) *awssns.TopicProps { return nil },
		"TLS only": func(awscdk.Stack) *awssns.TopicProps {
			return &awssns.TopicProps{EnforceSSL: jsii.Bool(true)}
		},
		"encrypted": func(stack awscdk.Stack) *awssns.TopicProps {
			return &awssns.TopicProps{MasterKey: synth.NewKey(stack, "TopicKey")}
		},
		"encrypted, TLS only": func(stack awscdk.Stack) *awssns.TopicProps {
			return &awssns.TopicProps{
				MasterKey: synth.NewKey(stack, "TopicKey"), EnforceSSL: jsii.Bool(true),
			}
		},
		"own policy":      nil, // the app adds a statement later
		"separate policy": nil, // the app creates the policy later, outside of the topic
	} {
		s := synth.Pipeline(t, func(stack awscdk.Stack) *props {
			var topicProps *awssns.TopicProps
			if options != nil {
				topicProps = options(stack)
			}
			return &props{AlarmTopic: awssns.NewTopic(stack, jsii.String("Topic"), topicProps)}
		})
		if options == nil {
			s = withLaterTopicPolicy(t, name == "separate policy")
		}
		hasPolicy := len(s.IDsOf("AWS::SNS::TopicPolicy")) > 0
		if want := name != "plain" && name != "encrypted"; hasPolicy != want {
			t.Errorf("%s: topic has a policy: %t, want %t", name, hasPolicy, want)
		}
		publish := fromAlarms("${Topic}", "sns:Publish")
		if hasPolicy && !hasStatement(t, s, "AWS::SNS::TopicPolicy", publish) {
			t.Errorf("%s: the topic's policy must contain %+v", name, publish)
		}
		useKey := fromAlarms("*", "kms:Decrypt", "kms:GenerateDataKey*")
		encrypted := len(s.IDsOf("AWS::KMS::Key")) > 0
		if encrypted {
			policy := s.Resource(t, "TopicKey", "AWS::KMS::Key").Properties["KeyPolicy"]
			key := synth.Resource{Properties: map[string]any{"PolicyDocument": policy}}
			if !slices.ContainsFunc(key.Statements(t), func(got synth.Statement) bool {
				return cmp.Equal(useKey, got)
			}) {
				t.Errorf("%s: the key's policy must contain %+v", name, useKey)
			}
		}
	}
}

// withLaterTopicPolicy synthesizes a pipeline whose topic gets a policy after the pipeline is
// created.
func withLaterTopicPolicy(t *testing.T, separate bool) synth.Template {
	t.Helper()
	stack := synth.NewStack(t)
	synth.Must(t, func() error {
		topic := awssns.NewTopic(stack, jsii.String("Topic"), nil)
		eventpipeline.NewEventPipeline(stack, jsii.String("EventPipeline"),
			&props{AlarmTopic: topic})
		statement := awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
			Principals: &[]awsiam.IPrincipal{awsiam.NewAccountRootPrincipal()},
			Actions:    jsii.Strings("sns:Publish"), Resources: &[]*string{topic.TopicArn()},
		})
		if !separate {
			topic.AddToResourcePolicy(statement)
			return nil
		}
		policy := awssns.NewTopicPolicy(stack, jsii.String("Policy"),
			&awssns.TopicPolicyProps{Topics: &[]awssns.ITopic{topic}})
		policy.Document().AddStatements(statement)
		return nil
	})
	return synth.Synthesize(t, stack)
}

// The app can create the topic, its policy and its key as L1 resources.
func TestAlarmTopic_LetsCloudWatchPublishWithL1Resources(t *testing.T) {
	tlsOnly := func(stack awscdk.Stack, topic *string) {
		awssns.NewCfnTopicPolicy(stack, jsii.String("Policy"), &awssns.CfnTopicPolicyProps{
			Topics: &[]*string{topic},
			PolicyDocument: map[string]any{"Version": "2012-10-17", "Statement": map[string]any{
				"Effect": "Deny", "Principal": "*", "Action": "sns:Publish", "Resource": topic,
				"Condition": map[string]any{"Bool": map[string]any{"aws:SecureTransport": "false"}},
			}},
		})
	}
	for name, newTopic := range map[string]func(awscdk.Stack) awssns.ITopic{
		"policy": func(stack awscdk.Stack) awssns.ITopic {
			topic := awssns.NewTopic(stack, jsii.String("Topic"), &awssns.TopicProps{
				MasterKey: synth.NewKey(stack, "Key"),
			})
			tlsOnly(stack, topic.TopicArn())
			return topic
		},
		"key of the topic": func(stack awscdk.Stack) awssns.ITopic {
			topic := awssns.NewTopic(stack, jsii.String("Topic"), &awssns.TopicProps{
				EnforceSSL: jsii.Bool(true),
			})
			key := synth.NewKey(stack, "Key").KeyArn()
			topic.Node().DefaultChild().(awssns.CfnTopic).SetKmsMasterKeyId(key)
			return topic
		},
		"topic, policy and key": func(stack awscdk.Stack) awssns.ITopic {
			key := awskms.NewCfnKey(stack, jsii.String("Key"), &awskms.CfnKeyProps{
				KeyPolicy: map[string]any{"Version": "2012-10-17", "Statement": []any{
					map[string]any{"Effect": "Allow", "Action": "kms:*", "Resource": "*",
						"Principal": map[string]any{"AWS": "arn:aws:iam::111111111111:root"}},
				}},
			})
			topic := awssns.NewCfnTopic(stack, jsii.String("Topic"), &awssns.CfnTopicProps{
				KmsMasterKeyId: key.AttrKeyId(),
			})
			tlsOnly(stack, topic.Ref())
			return awssns.Topic_FromTopicArn(stack, jsii.String("Imported"), topic.Ref())
		},
	} {
		stack := synth.NewStack(t)
		synth.Must(t, func() error {
			eventpipeline.NewEventPipeline(stack, jsii.String("EventPipeline"),
				&props{AlarmTopic: newTopic(stack)})
			return nil
		})
		s := synth.Synthesize(t, stack)
		publish := fromAlarms("${Topic}", "sns:Publish")
		if !hasStatement(t, s, "AWS::SNS::TopicPolicy", publish) {
			t.Errorf("%s: the topic's policy must contain %+v", name, publish)
		}
		policy := s.Resource(t, "Key", "AWS::KMS::Key").Properties["KeyPolicy"]
		key := synth.Resource{Properties: map[string]any{"PolicyDocument": policy}}
		useKey := fromAlarms("*", "kms:Decrypt", "kms:GenerateDataKey*")
		if !slices.ContainsFunc(key.Statements(t), func(got synth.Statement) bool {
			return cmp.Equal(useKey, got)
		}) {
			t.Errorf("%s: the key's policy must contain %+v, got %+v", name, useKey,
				key.Statements(t))
		}
	}
}

func TestAlarmTopic_MustNotUseTheKeyOfSNS(t *testing.T) {
	stack := synth.NewStack(t)
	synth.Must(t, func() error {
		key := awskms.Alias_FromAliasName(
			stack, jsii.String("Key"), jsii.String("alias/aws/sns"))
		topic := awssns.NewTopic(stack, jsii.String("Topic"), &awssns.TopicProps{MasterKey: key})
		topic.Node().DefaultChild().(awssns.CfnTopic).
			SetKmsMasterKeyId(jsii.String("alias/aws/sns"))
		eventpipeline.NewEventPipeline(stack, jsii.String("EventPipeline"),
			&props{AlarmTopic: topic})
		return nil
	})
	expectErrors(t, stack.Node().Root().(awscdk.App), map[string][]string{
		"Stack/EventPipeline": {"AlarmTopic alias/aws/sns"},
	})
}
