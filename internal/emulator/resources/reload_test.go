package resources

import (
	"slices"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cloudformation"
)

func TestCompare_ListsOnlyChangesThatNeedARestart(t *testing.T) {
	const before = `{"Resources": {
		"Fn": {"Type": "AWS::Lambda::Function", "Properties": {
			"Code": {"S3Key": "a"}, "Description": "old", "Role": "r"}},
		"FnVersionA": {"Type": "AWS::Lambda::Version", "Properties": {}},
		"Live": {"Type": "AWS::Lambda::Alias", "Properties": {
			"Name": "live", "FunctionVersion": "FnVersionA"}},
		"Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Threshold": 1}},
		"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 1}}
	}}`
	const unchanged = `{"Resources": {
		"Fn": {"Type": "AWS::Lambda::Function", "Properties": {
			"Code": {"S3Key": "b"}, "Description": "new", "Role": "r", "Timeout": 3}},
		"FnVersionB": {"Type": "AWS::Lambda::Version", "Properties": {}},
		"Live": {"Type": "AWS::Lambda::Alias", "Properties": {
			"Name": "live", "FunctionVersion": "FnVersionB"}},
		"Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Threshold": 2}},
		"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 1}}
	}}`
	const changed = `{"Resources": {
		"Fn": {"Type": "AWS::Lambda::Function", "Properties": {
			"Code": {"S3Key": "a"}, "Role": "other"}},
		"Live": {"Type": "AWS::Lambda::Alias", "Properties": {"Name": "next"}},
		"Table": {"Type": "AWS::DynamoDB::Table"}
	}}`
	if got := compare(parse(t, before), parse(t, unchanged)).Resources; len(got) != 0 {
		t.Errorf("changed: %v, want none", got)
	}
	got := compare(parse(t, before), parse(t, changed)).Resources
	for _, id := range []string{"Fn", "Live", "Queue", "Table"} {
		if got[id] == "" {
			t.Errorf("%s is not among %v", id, got)
		}
	}
}

func TestMissing_IncludesRolesWithChangedPolicies(t *testing.T) {
	before := parse(t, `{"Resources": {
		"Role": {"Type": "AWS::IAM::Role"}, "Other": {"Type": "AWS::IAM::Role"},
		"Queue": {"Type": "AWS::SQS::Queue"},
		"Policy": {"Type": "AWS::IAM::Policy", "Properties": {"Roles": [{"Ref": "Role"}],
			"PolicyDocument": {"Resource": {"Ref": "Queue"}}}}
	}}`)
	now := parse(t, `{"Resources": {
		"Role": {"Type": "AWS::IAM::Role"}, "Other": {"Type": "AWS::IAM::Role"},
		"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": 1}},
		"Policy": {"Type": "AWS::IAM::Policy", "Properties": {"Roles": [{"Ref": "Role"}],
			"PolicyDocument": {"Action": "*", "Resource": {"Ref": "Queue"}}}}
	}}`)
	missing := compare(before, now).Missing()
	var got []string
	for _, id := range []string{"Other", "Policy", "Queue", "Role"} {
		if missing[id] {
			got = append(got, id)
		}
	}
	if !slices.Equal(got, []string{"Policy", "Role"}) {
		t.Errorf("missing %v", got)
	}
}

func compare(before, after *cloudformation.Template) cloudformation.Changes {
	return cloudformation.Compare(before, after, fixedProperties)
}

func parse(t *testing.T, text string) *cloudformation.Template {
	t.Helper()
	parsed, err := cloudformation.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func TestDescribeChanges_NamesNewAndRemovedPipelines(t *testing.T) {
	const shop = `"ShopFn1": {"Type": "AWS::Lambda::Function",
		"Metadata": {"eventpipeline:function": {"pipeline": "Shop", "role": "worker"}}}`
	const clicks = `"ShopClicksFn1": {"Type": "AWS::Lambda::Function",
		"Metadata": {"eventpipeline:function": {"pipeline": "ShopClicks", "role": "worker"}}},
		"ShopClicksQueue2": {"Type": "AWS::SQS::Queue"}`
	before := parse(t, `{"Resources": {`+shop+`}}`)
	after := parse(t, `{"Resources": {`+shop+`, `+clicks+`,
		"ShopTable3": {"Type": "AWS::DynamoDB::Table"}, "Own4": {"Type": "AWS::SQS::Queue"}}}`)
	table, own := "ShopTable3 (AWS::DynamoDB::Table)", "Own4 (AWS::SQS::Queue)"
	added := describeChanges(compare(before, after))
	if want := []string{"pipeline ShopClicks is new", own, table}; !slices.Equal(added, want) {
		t.Errorf("changes %q, want %q", added, want)
	}
	removed := describeChanges(compare(after, before))
	want := []string{"pipeline ShopClicks is removed", own, table}
	if !slices.Equal(removed, want) {
		t.Errorf("changes %q, want %q", removed, want)
	}
}
