package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// functions are those of two pipelines and one of somebody else's, as a stack has them.
var functions = []struct {
	logicalID, name string
	variables       map[string]string
}{
	{"OrdersWorkerFunction16E9198E", "shop-worker", map[string]string{
		"QUEUE_URL": "q1", "EVENTS_TABLE": "t1", "BRONZE_BUCKET": "b1", "SILVER_BUCKET": "s1", "DEAD_LETTER_QUEUE_URL": "d1", "EVENT_BUS_NAME": "e1", "MAX_RECEIVE_COUNT": "5",
	}},
	{"OrdersApiFunction135EB4F5", "shop-api", map[string]string{"QUEUE_URL": "q1", "EVENTS_TABLE": "t1", "BRONZE_BUCKET": "b1", "MAX_PAYLOAD_BYTES": "1"}},
	{"OrdersReconcilerFunction6A1C71FC", "shop-reconciler", map[string]string{"QUEUE_URL": "q1", "EVENTS_TABLE": "t1", "RECONCILE_GRACE_SECONDS": "1"}},
	{"TeamReturnsWorkerFunction9FA07E17", "returns-worker", map[string]string{"QUEUE_URL": "q2", "EVENTS_TABLE": "t2", "MAX_RECEIVE_COUNT": "5"}},
	{"Notify29C25B1B", "notify", map[string]string{"QUEUE_URL": "q3"}},
}

// serveFunctions is a stack without outputs: its functions, and one that is not run.
func serveFunctions(w http.ResponseWriter, r *http.Request) {
	name, isFunction := strings.CutPrefix(strings.TrimSuffix(r.URL.Path, "/configuration"), "/2015-03-31/functions/")
	if !isFunction && r.PostFormValue("Action") == "DescribeStacks" {
		io.WriteString(w, `<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>shop</StackName></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`)
		return
	}
	if !isFunction {
		members := `<member><LogicalResourceId>Cleaner</LogicalResourceId><PhysicalResourceId>cleaner</PhysicalResourceId><ResourceType>AWS::Lambda::Function</ResourceType></member>`
		for _, f := range functions {
			members += fmt.Sprintf(`<member><LogicalResourceId>%s</LogicalResourceId><PhysicalResourceId>%s</PhysicalResourceId><ResourceType>AWS::Lambda::Function</ResourceType></member>`, f.logicalID, f.name)
		}
		fmt.Fprintf(w, `<ListStackResourcesResponse><ListStackResourcesResult><StackResourceSummaries>%s</StackResourceSummaries></ListStackResourcesResult></ListStackResourcesResponse>`, members)
		return
	}
	for _, f := range functions {
		if f.name == name {
			json.NewEncoder(w).Encode(map[string]any{"FunctionName": name, "Environment": map[string]any{"Variables": f.variables}})
			return
		}
	}
	w.Header().Set("X-Amzn-Errortype", "ResourceNotFoundException")
	w.WriteHeader(http.StatusNotFound)
	io.WriteString(w, `{"Message":"Function not found"}`)
}

func TestDiscover_PassesOverFunctionsThatAreNotRun(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(serveFunctions))
	defer server.Close()
	cfg, err := (&stackFlags{aws: server.URL}).config(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	pipelines, err := discover(t.Context(), cfg, "shop")
	if err != nil || len(pipelines) != 2 || pipelines[0].name != "Orders" || pipelines[1].name != "TeamReturns" {
		t.Errorf("found %+v, %v", pipelines, err)
	}
}

func TestDiscover_TakesAPipelinesResourcesFromItsFunctions(t *testing.T) {
	byQueue := map[string]*found{}
	for _, f := range functions {
		note(byQueue, f.logicalID, f.name, "arn:aws:lambda:eu-west-1:111122223333:function:"+f.name, f.variables)
	}
	if len(byQueue) != 2 || byQueue["q2"].name != "TeamReturns" {
		t.Fatalf("found %v", byQueue)
	}
	orders := byQueue["q1"]
	want := map[string]string{
		"QueueUrl": "q1", "EventsTableName": "t1", "BronzeBucketName": "b1", "SilverBucketName": "s1", "DeadLetterQueueUrl": "d1", "EventBusName": "e1",
		"WorkerFunctionName": "shop-worker", "ApiFunctionName": "shop-api", "ReconcilerFunctionName": "shop-reconciler",
	}
	if orders.name != "Orders" || orders.region != "eu-west-1" || !maps.Equal(orders.outputs, want) {
		t.Errorf("found %+v", orders)
	}
}

// resourcesOf are the resources of stacks by name: a pipeline in one, and another in a stack that is nested in it.
var resourcesOf = map[string][][2]string{
	"shop": {
		{"AWS::CloudFormation::Stack", "arn:aws:cloudformation:eu-west-1:111122223333:stack/shop-Nested-ABC/1"},
		{"AWS::CloudFormation::Stack", "shop-NotRun-DEF"},
		{"AWS::Lambda::Function", "shop-worker"}, {"AWS::Lambda::Function", "shop-api"}, {"AWS::Lambda::Function", "shop-reconciler"},
	},
	"arn:aws:cloudformation:eu-west-1:111122223333:stack/shop-Nested-ABC/1": {{"AWS::Lambda::Function", "returns-worker"}},
}

func TestDiscover_FindsPipelinesOfNestedStacks(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet { // of a function's configuration
			for _, f := range functions {
				if strings.Contains(r.URL.Path, "/"+f.name+"/") {
					_ = json.NewEncoder(w).Encode(map[string]any{"Environment": map[string]any{"Variables": f.variables}})
				}
			}
			return
		}
		members, ok := resourcesOf[r.PostFormValue("StackName")]
		if !ok {
			http.Error(w, "there is no such stack", http.StatusBadRequest)
			return
		}
		fmt.Fprint(w, "<ListStackResourcesResponse><ListStackResourcesResult><StackResourceSummaries>")
		for _, m := range members {
			fmt.Fprintf(w, "<member><LogicalResourceId>%[2]s</LogicalResourceId><ResourceType>%[1]s</ResourceType><PhysicalResourceId>%[2]s</PhysicalResourceId></member>", m[0], m[1])
		}
		fmt.Fprint(w, "</StackResourceSummaries></ListStackResourcesResult></ListStackResourcesResponse>")
	}))
	defer server.Close()
	flags := stackFlags{aws: server.URL}
	cfg, err := flags.config(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	pipelines, err := discover(t.Context(), cfg, "shop")
	if err != nil || len(pipelines) != 2 {
		t.Fatalf("found %+v, %v", pipelines, err)
	}
	for i, want := range []struct{ stack, queue string }{{"shop", "q1"}, {"shop-Nested-ABC", "q2"}} {
		if p := pipelines[i]; p.stack != want.stack || p.outputs["QueueUrl"] != want.queue {
			t.Errorf("found queue %s in stack %s, want %+v", p.outputs["QueueUrl"], p.stack, want)
		}
	}
}

func TestChoose_TakesOnePipeline(t *testing.T) {
	orders, returns := found{stack: "shop", name: "Orders"}, found{stack: "shop", name: "Returns"}
	elsewhere := found{stack: "depot", name: "Returns"}
	tests := []struct {
		pipelines []found
		flag      string
		want      found
		err       string
	}{
		{[]found{orders}, "", orders, ""},
		{[]found{orders, returns}, "Returns", returns, ""},
		{[]found{orders, returns, elsewhere}, "depot/Returns", elsewhere, ""},
		{[]found{orders, returns}, "", found{}, "choose one with --pipeline: Orders, Returns"},
		{[]found{orders, returns, elsewhere}, "Returns", found{}, "choose one with --pipeline: Orders, shop/Returns, depot/Returns"},
		{[]found{orders, returns}, "Refunds", found{}, "there is no pipeline Refunds; there is: Orders, Returns"},
		{nil, "", found{}, "no stack here has an EventPipeline"},
	}
	for _, test := range tests {
		got, err := (&stackFlags{pipeline: test.flag}).choose(test.pipelines)
		if got.stack != test.want.stack || got.name != test.want.name {
			t.Errorf("--pipeline %q: chose %s/%s", test.flag, got.stack, got.name)
		}
		if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
			t.Errorf("--pipeline %q: %v, want %q", test.flag, err, test.err)
		}
		var choice *choiceError
		if err != nil && errors.As(err, &choice) != (len(test.pipelines) > 0) {
			t.Errorf("--pipeline %q: %v is a choice to make: %t", test.flag, err, errors.As(err, &choice))
		}
	}
}
