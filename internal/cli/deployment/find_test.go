package deployment

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

const nestedID = "arn:aws:cloudformation:eu-west-1:111122223333:stack/shop-Nested-ABC/1"

// resource describes a resource of a fake stack.
type resource struct {
	logicalID, physicalID, kind string
	function                    contract.Function // only set for functions of a pipeline
}

func newFunction(logicalID, name, pipeline string, role contract.Role) resource {
	return resource{
		logicalID,
		name,
		"AWS::Lambda::Function",
		contract.Function{Pipeline: pipeline, Role: role},
	}
}

// stacks maps the name or ARN of a stack to its resources. The stack "shop" contains the pipeline
// Orders. The nested stack of "shop" contains the pipeline TeamReturns.
var stacks = map[string][]resource{
	"shop": {
		{logicalID: "Nested", physicalID: nestedID, kind: "AWS::CloudFormation::Stack"},
		{logicalID: "NotRun", physicalID: "shop-NotRun-DEF", kind: "AWS::CloudFormation::Stack"},
		{logicalID: "Cleaner", physicalID: "cleaner", kind: "AWS::Lambda::Function"},
		newFunction("OrdersWorkerFunction16E9198E", "shop-worker", "Orders", contract.RoleWorker),
		newFunction("OrdersApiFunction135EB4F5", "shop-api", "Orders", contract.RoleAPI),
		newFunction(
			"OrdersReconcilerFunction6A1C71FC", "shop-reconciler", "Orders",
			contract.RoleReconciler,
		),
		{logicalID: "OrdersHttpApi29C25B1B", physicalID: "a1", kind: "AWS::ApiGatewayV2::Api"},
		{logicalID: "OtherApi", physicalID: "a2", kind: "AWS::ApiGatewayV2::Api"},
	},
	nestedID: {
		newFunction(
			"TeamReturnsWorkerFunction9FA07E17", "returns-worker", "TeamReturns",
			contract.RoleWorker,
		),
	},
}

// environments maps the name of a worker to its environment variables. FindAll does not read the
// environments of other functions.
var environments = map[string]map[string]string{
	"shop-worker": {
		contract.QueueURL: "q1", contract.EventsTable: "t1", contract.BronzeBucket: "b1",
		contract.SilverBucket: "s1", contract.DeadLetterQueueURL: "d1", contract.EventBusName: "e1",
	},
	"returns-worker": {contract.QueueURL: "q2", contract.EventsTable: "t2"},
}

// serveStacks answers calls to CloudFormation and Lambda. It reads the maps stacks and
// environments.
func serveStacks(w http.ResponseWriter, r *http.Request) {
	name, ok := strings.CutPrefix(r.URL.Path, "/2015-03-31/functions/")
	if ok {
		env := environments[strings.TrimSuffix(name, "/configuration")]
		if env == nil {
			http.Error(w, "unexpected lookup of "+name, http.StatusBadRequest)
			return
		}
		json.NewEncoder(w).Encode(map[string]any{"Environment": map[string]any{"Variables": env}})
		return
	}
	stack := r.PostFormValue("StackName")
	switch action := r.PostFormValue("Action"); action {
	case "ListStackResources":
		fmt.Fprintf(w, "<%[1]sResponse><%[1]sResult><StackResourceSummaries>", action)
		for _, r := range stacks[stack] {
			fmt.Fprintf(w, "<member><LogicalResourceId>%s</LogicalResourceId>"+
				"<ResourceType>%s</ResourceType>"+
				"<PhysicalResourceId>%s</PhysicalResourceId></member>",
				r.logicalID, r.kind, r.physicalID)
		}
		fmt.Fprintf(w, "</StackResourceSummaries></%[1]sResult></%[1]sResponse>", action)
	case "DescribeStacks": // two pages
		name, next := "shop", "<NextToken>2</NextToken>"
		if r.PostFormValue("NextToken") == "2" {
			name, next = "depot", ""
		}
		fmt.Fprintf(w, "<%[1]sResponse><%[1]sResult>%s<Stacks><member><StackName>%s</StackName>"+
			"</member></Stacks></%[1]sResult></%[1]sResponse>", action, next, name)
	case "DescribeStackResource":
		for _, resource := range stacks[stack] {
			if resource.logicalID == r.PostFormValue("LogicalResourceId") {
				describe(w, stack, resource)
			}
		}
	}
}

func describe(w io.Writer, stack string, r resource) {
	metadata := map[string]any{"aws:cdk:path": "shop/" + r.logicalID}
	if r.function.Pipeline != "" {
		metadata[contract.FunctionMetadata] = r.function
	}
	text, _ := json.Marshal(metadata)
	name := stack
	if stack == nestedID {
		name = "shop-Nested-ABC"
	}
	const action = "DescribeStackResource"
	fmt.Fprintf(w, "<%[1]sResponse><%[1]sResult><StackResourceDetail><StackName>%s</StackName>"+
		"<StackId>arn:aws:cloudformation:eu-west-1:111122223333:stack/%[2]s/1</StackId>"+
		"<PhysicalResourceId>%s</PhysicalResourceId><Metadata>", action, name, r.physicalID)
	xml.EscapeText(w, text)
	fmt.Fprintf(w, "</Metadata></StackResourceDetail></%[1]sResult></%[1]sResponse>", action)
}

func localConfig(t *testing.T) aws.Config {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(serveStacks))
	t.Cleanup(server.Close)
	cfg, err := LocalConfig(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestPipeline_IsDescribedByAccountAndRegion(t *testing.T) {
	p := Pipeline{Stack: "shop", Account: "111122223333", Region: "eu-west-1"}
	if got, want := p.String(), "stack shop, account 111122223333, region eu-west-1"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestFindAll_ReadsTheResourcesOfPipelinesAndOfNestedStacks(t *testing.T) {
	pipelines, err := FindAll(t.Context(), localConfig(t), []string{"shop"})
	if err != nil {
		t.Fatal(err)
	}
	want := []Pipeline{
		{
			Stack:              "shop",
			Name:               "Orders",
			Account:            "111122223333",
			Region:             "eu-west-1",
			Bronze:             "b1",
			Silver:             "s1",
			Table:              "t1",
			QueueURL:           "q1",
			DLQURL:             "d1",
			Bus:                "e1",
			APIFunction:        "shop-api",
			WorkerFunction:     "shop-worker",
			ReconcilerFunction: "shop-reconciler",
			apiID:              "a1",
		},
		{
			Stack: "shop-Nested-ABC", Name: "TeamReturns",
			Account: "111122223333", Region: "eu-west-1",
			Table: "t2", QueueURL: "q2", WorkerFunction: "returns-worker",
		},
	}
	ignoreConfig := cmpopts.IgnoreFields(Pipeline{}, "Config")
	diff := cmp.Diff(want, pipelines, cmp.AllowUnexported(Pipeline{}), ignoreConfig)
	if diff != "" {
		t.Errorf("pipelines differ (-want +got):\n%s", diff)
	}
}

func TestFind_MakesNoCallsIfTheOutputsAreComplete(t *testing.T) {
	outputs := map[string]string{
		"BronzeBucketName":       "b",
		"SilverBucketName":       "s",
		"EventsTableName":        "t",
		"QueueUrl":               "q",
		"DeadLetterQueueUrl":     "d",
		"ReconcilerFunctionName": "r",
		"ApiUrl":                 "http://a",
		"Other":                  "o",
	}
	stack := types.Stack{StackName: aws.String("shop"), StackId: aws.String(nestedID)}
	for name, value := range outputs {
		stack.Outputs = append(stack.Outputs, types.Output{OutputKey: &name, OutputValue: &value})
	}
	delete(outputs, "Other")
	offline := aws.Config{Region: "us-east-1"}
	p, err := Find(t.Context(), offline, []types.Stack{stack}, "")
	if err != nil || p.Stack != "shop" || p.Region != "eu-west-1" ||
		!maps.Equal(p.Outputs(), outputs) {
		t.Errorf("found %+v, %v", p, err)
	}
	if url, err := p.APIURL(t.Context()); url != "http://a" || err != nil {
		t.Errorf("API URL %s, %v", url, err)
	}
}

func TestOutputs_AreTheOutputsOfTheTemplate(t *testing.T) {
	content, err := os.ReadFile("../../../test/templates/testdata/dev.template.json")
	if err != nil {
		t.Fatal(err)
	}
	var template struct{ Outputs map[string]any }
	if err := json.Unmarshal(content, &template); err != nil {
		t.Fatal(err)
	}
	want := slices.Sorted(maps.Keys(template.Outputs))
	if got := slices.Sorted(maps.Keys((&Pipeline{}).outputs())); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestStacks_ReturnsAllPages(t *testing.T) {
	found, err := Stacks(t.Context(), localConfig(t), "")
	if err != nil || len(found) != 2 || *found[1].StackName != "depot" {
		t.Errorf("found %+v, %v", found, err)
	}
}

func TestFind_SearchesTheFunctionsIfTheOutputsAreIncomplete(t *testing.T) {
	stack := types.Stack{StackName: aws.String("shop"), Outputs: []types.Output{
		{OutputKey: aws.String("EventsTableName"), OutputValue: aws.String("another")},
	}}
	for name, table := range map[string]string{
		"Orders": "t1", "shop-Nested-ABC/TeamReturns": "t2",
	} {
		p, err := Find(t.Context(), localConfig(t), []types.Stack{stack}, name)
		if err != nil || p.Table != table {
			t.Errorf("%s: found %+v, %v", name, p, err)
		}
	}
}

func TestChoose_ReturnsOnePipeline(t *testing.T) {
	orders := Pipeline{Stack: "shop", Name: "Orders"}
	returns := Pipeline{Stack: "shop", Name: "Returns"}
	elsewhere := Pipeline{Stack: "depot", Name: "Returns"}
	tests := []struct {
		pipelines []Pipeline
		name      string
		want      Pipeline
		err       string
	}{
		{[]Pipeline{orders}, "", orders, ""},
		{[]Pipeline{orders, returns}, "Returns", returns, ""},
		{[]Pipeline{orders, returns, elsewhere}, "depot/Returns", elsewhere, ""},
		{[]Pipeline{orders, returns}, "", Pipeline{}, "--pipeline: Orders, Returns"},
		{
			[]Pipeline{orders, returns, elsewhere}, "Returns", Pipeline{},
			"--pipeline: Orders, shop/Returns, depot/Returns",
		},
		{
			[]Pipeline{orders, returns},
			"Refunds",
			Pipeline{},
			"no pipeline Refunds; choose one of: Orders, Returns",
		},
		{nil, "", Pipeline{}, ErrNoPipeline.Error()},
	}
	for _, test := range tests {
		got, err := choose(test.pipelines, test.name)
		if got.Stack != test.want.Stack || got.Name != test.want.Name {
			t.Errorf("%q: chose %s/%s", test.name, got.Stack, got.Name)
		}
		if (err == nil) != (test.err == "") ||
			err != nil && !strings.Contains(err.Error(), test.err) {
			t.Errorf("%q: %v, want %q", test.name, err, test.err)
		}
		var choice *ChoiceError
		if err != nil && errors.As(err, &choice) != (len(test.pipelines) > 0) {
			t.Errorf("%q: %v is a choice: %t", test.name, err, errors.As(err, &choice))
		}
	}
}

func TestAPIURL_IsTheURLOfAPIGatewayOnAWS(t *testing.T) {
	for region, want := range map[string]string{
		"eu-west-1":      "https://a1.execute-api.eu-west-1.amazonaws.com",
		"us-gov-west-1":  "https://a1.execute-api.us-gov-west-1.amazonaws.com",
		"cn-north-1":     "https://a1.execute-api.cn-north-1.amazonaws.com.cn",
		"eusc-de-east-1": "https://a1.execute-api.eusc-de-east-1.amazonaws.eu",
		"us-iso-east-1":  "https://a1.execute-api.us-iso-east-1.c2s.ic.gov",
	} {
		p := Pipeline{Region: region, apiID: "a1"}
		if url, err := p.APIURL(t.Context()); url != want || err != nil {
			t.Errorf("%s: got %s, %v", region, url, err)
		}
	}
	_, err := (Pipeline{}).APIURL(t.Context())
	if err == nil || !strings.Contains(err.Error(), "--api") {
		t.Errorf("without an API: %v", err)
	}
}
