package resources

import (
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cdkapp"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/dynamodb"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/eventbridge"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/lambda"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/logs"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/s3"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/secretsmanager"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/sqs"
)

// newTestProvider returns a provider with empty services.
func newTestProvider(t *testing.T) *Provider {
	t.Helper()
	const region, account = "us-east-1", "000000000000"
	tables, err := dynamodb.New(dynamodb.Config{Region: region, Account: account, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	queues, err := sqs.New(sqs.Config{Region: region, Account: account, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	buckets, err := s3.New(s3.Config{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	secrets, err := secretsmanager.New(secretsmanager.Config{Region: region, Account: account})
	if err != nil {
		t.Fatal(err)
	}
	functions := lambda.New(lambda.Config{Region: region, Account: account})
	buses := eventbridge.New(eventbridge.Config{Region: region, Account: account})
	t.Cleanup(func() {
		for _, close := range []func() error{buckets.Close, functions.Close, buses.Close} {
			if err := close(); err != nil {
				t.Error(err)
			}
		}
	})
	return NewProvider(Services{
		Logs: logs.New(logs.Config{Region: region, Account: account}),
		S3:   buckets, DynamoDB: tables, SQS: queues, Lambda: functions, EventBridge: buses,
		SecretsManager: secrets,
	}, Config{
		Region: region, Account: account, Now: time.Now,
		Listen: func() (net.Listener, error) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err == nil {
				t.Cleanup(func() { listener.Close() })
			}
			return listener, err
		},
	})
}

func TestAttributes_HavePlausibleValuesAndAreNamed(t *testing.T) {
	const resources = `{
		"Orders": {"Type": "AWS::DynamoDB::GlobalTable", "Properties": {"TableName": "orders",
			"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
			"AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}]}},
		"Site": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "site"}},
		"Key": {"Type": "AWS::KMS::Key"},
		"Zone": {"Type": "AWS::Route53::HostedZone", "Properties": {"Name": "example.com"}},
		"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "alarms"}},
		"Lookup": {"Type": "Custom::Lookup"},
		"Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": {"Ref": "Cidr"}}},
		"Group": {"Type": "AWS::EC2::SecurityGroup"},
		"Stream": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {
			"FunctionName": "f", "EventSourceArn": {"Fn::GetAtt": ["Orders", "StreamArn"]}}}
	}`
	const (
		streamARN = "arn:aws:dynamodb:us-east-1:000000000000:" +
			"table/orders/stream/2026-01-01T00:00:00.000"
		website = "http://site.s3-website-us-east-1.amazonaws.com"
	)
	p := newTestProvider(t)
	for value, want := range map[string]string{
		`{"Fn::GetAtt": ["Orders", "StreamArn"]}`:    streamARN,
		`{"Fn::Sub": "${Site.WebsiteURL}"}`:          website,
		`{"Fn::GetAtt": "Site.DualStackDomainName"}`: "site.s3.dualstack.us-east-1.amazonaws.com",
		`{"Fn::GetAtt": ["Topic", "TopicArn"]}`:      "arn:aws:sns:us-east-1:000000000000:alarms",
		`{"Fn::GetAtt": ["Lookup", "SecretArn"]}`: "arn:aws:secretsmanager:us-east-1:" +
			"000000000000:secret:" + lookupName + "-local1",
		`{"Fn::GetAtt": ["Lookup", "Response.UserId"]}`: "user-" + lookupID,
		`{"Fn::GetAtt": ["Vpc", "VpcId"]}`:              vpcName,
		`{"Ref": "Vpc"}`:                                vpcName,
		`{"Fn::GetAtt": ["Vpc", "CidrBlock"]}`:          "10.1.0.0/16",
		`{"Fn::GetAtt": ["Group", "GroupId"]}`:          groupName,
		`{"Ref": "Group"}`:                              groupName,
		`{"Fn::GetAtt": ["Group", "VpcId"]}`:            "vpc-" + groupID,
		`{"Fn::GetAtt": ["Lookup", "CallbackUrl"]}`: "https://" + strings.ToLower(lookupName) +
			".custom.us-east-1.amazonaws.com/",

		// A list and a text with separators have an unknown number of elements.
		`{"Fn::Join": [",", {"Fn::GetAtt": ["Zone", "NameServers"]}]}`: nameServer,
		`{"Fn::Select": [3, {"Fn::GetAtt": ["Zone", "NameServers"]}]}`: nameServer,
		`{"Fn::Select": ["4",
			{"Fn::Split": [":", {"Fn::GetAtt": ["Lookup", "Parts"]}]}]}`: lookupName + "/parts",
	} {
		template := `{"Parameters": {"Cidr": {"Type": "String", "Default": "10.1.0.0/16"}},
			"Resources": ` + resources + `, "Outputs": {"Value": {"Value": ` + value + `}}}`
		s, err := p.Engine.Create(cdkapp.Stack{Name: "App", Template: []byte(template)})
		if err != nil {
			t.Errorf("%s: %v", value, err)
		} else if got := s.Outputs["Value"]; got != want {
			t.Errorf("%s: got %s, want %s", value, got, want)
		}
	}
	for _, want := range []string{
		"attribute StreamArn of Orders (AWS::DynamoDB::GlobalTable)",
		"attribute WebsiteURL of Site (AWS::S3::Bucket)",
		"AWS::Lambda::EventSourceMapping Stream, whose source is not a queue of this app: " +
			streamARN + " (16)",
	} {
		if !slices.Contains(p.NotRun(), want) {
			t.Errorf("%q does not contain %q", p.NotRun(), want)
		}
	}
}

const (
	lookupName = "App-Lookup-M5WBU3HB6677"
	lookupID   = "m5wbu3hb6677"
	vpcName    = "App-Vpc-PEXOGTRNB3YK"
	groupName  = "App-Group-ZC6CCGZYFCLN"
	groupID    = "zc6ccgzyfcln"
	nameServer = "example.com.route53.us-east-1.amazonaws.com"
)
