package cost

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// goldenPipeline returns the pipeline in the golden template of a stage.
func goldenPipeline(t *testing.T, stage string) Pipeline {
	t.Helper()
	template, err := os.ReadFile("../../../test/templates/testdata/" + stage + ".template.json")
	if err != nil {
		t.Fatal(err)
	}
	pipelines, err := Pipelines(template)
	if err != nil || len(pipelines) != 1 {
		t.Fatalf("pipelines of stage %s: %v, %v", stage, pipelines, err)
	}
	return pipelines[0]
}

func TestPipelines_ReadsTheStages(t *testing.T) {
	function := Function{MemoryMB: 512, Tracing: true, InfoLogs: true}
	api, worker, reconciler := function, function, function
	api.Timeout, worker.Timeout, reconciler.Timeout = 10, 30, 300
	reconciler.MemoryMB = 1769
	bucket := Bucket{AccessLogs: true, AccessLogDays: 90}
	bronze := bucket
	bronze.Transitions = []Transition{
		{"STANDARD_IA", 30, 128 << 10}, {"GLACIER_IR", 90, 128 << 10},
	}
	prod := Pipeline{
		Name: "EventPipeline", API: api, Worker: worker, Reconciler: &reconciler,
		Bronze: bronze, Silver: bucket, Table: Table{Backups: true, RetentionDays: 365},
		Source: EventSource{BatchSize: 10, MaxConcurrency: 50}, Notifications: PerEvent,
		MaxPayloadBytes: 1 << 20, APIThrottle: 1000, APIAccessLog: true, ReconcileInterval: 900,
		MessageGroups: true,
		AlarmMetrics:  goldenPipeline(t, "prod").AlarmMetrics, MetricFilters: 1, Dashboards: 1,
	}
	if diff := cmp.Diff(prod, goldenPipeline(t, "prod")); diff != "" || prod.AlarmMetrics < 15 {
		t.Errorf("stage prod, %d metrics of alarms (-want +got):\n%s", prod.AlarmMetrics, diff)
	}
	local := goldenPipeline(t, "local")
	if local.WebhookSources != 6 || local.WebhookSecrets != 6 || !local.MessageGroups {
		t.Errorf("stage local: %+v", local)
	}
	dev, keys := goldenPipeline(t, "dev"), goldenPipeline(t, "keys")
	if dev.Table.Backups || dev.KMSKeys != 0 {
		t.Errorf("stage dev: backups %v, %d keys", dev.Table.Backups, dev.KMSKeys)
	}
	if keys.KMSKeys != 7 || keys.Bronze.KMSPerRequest || keys.Silver.KMSPerRequest {
		t.Errorf("with keys: %d keys, bucket keys %v, %v",
			keys.KMSKeys, !keys.Bronze.KMSPerRequest, !keys.Silver.KMSPerRequest)
	}
}

func TestPipelines_ReadsUnusualSettings(t *testing.T) {
	pipelines, err := Pipelines([]byte(`{"Resources":{
		"OrdersWorker":{"Type":"AWS::Lambda::Function",
			"Metadata":{"eventpipeline:function":{"pipeline":"Orders","role":"worker"}},
			"Properties":{"MemorySize":"1024","Environment":{"Variables":{
				"BRONZE_BUCKET":{"Ref":"Raw"},"SILVER_BUCKET":"existing","EVENTS_TABLE":"existing",
				"QUEUE_URL":"existing","LOG_LEVEL":"warn","NOTIFICATIONS":"PER_BATCH"}}}},
		"OrdersApi":{"Type":"AWS::Lambda::Function",
			"Metadata":{"eventpipeline:function":{"pipeline":"Orders","role":"api"}},
			"Properties":{"Architectures":["arm64"],"ReservedConcurrentExecutions":7}},
		"Raw":{"Type":"AWS::S3::Bucket","Properties":{
			"BucketEncryption":{"ServerSideEncryptionConfiguration":[{
				"ServerSideEncryptionByDefault":{"KMSMasterKeyID":{"Fn::GetAtt":["Key","Arn"]}}}]},
			"LifecycleConfiguration":{
				"TransitionDefaultMinimumObjectSize":"varies_by_storage_class",
				"Rules":[{"Status":"Enabled","ExpirationInDays":400,"Transitions":[
					{"StorageClass":"GLACIER_IR","TransitionInDays":60},
					{"StorageClass":"STANDARD_IA","TransitionInDays":30}]},
					{"Status":"Disabled","ExpirationInDays":1}]}}},
		"Key":{"Type":"AWS::KMS::Key","Properties":{}},
		"OtherKey":{"Type":"AWS::KMS::Key","Properties":{}},
		"Source":{"Type":"AWS::Lambda::EventSourceMapping","Properties":{"BatchSize":100,
			"MaximumBatchingWindowInSeconds":2,"FunctionName":{"Ref":"OrdersWorker"},
			"ProvisionedPollerConfig":{"MinimumPollers":2,"MaximumPollers":30}}},
		"ReturnsApi":{"Type":"AWS::Lambda::Function",
			"Metadata":{"eventpipeline:function":{"pipeline":"Returns","role":"api"}},
			"Properties":{}}}}`))
	if err != nil || len(pipelines) != 2 || pipelines[1].Name != "Returns" {
		t.Fatalf("got %+v, %v", pipelines, err)
	}
	want := Pipeline{
		Name:   "Orders",
		API:    Function{MemoryMB: 128, Timeout: 3, Reserved: 7},
		Worker: Function{MemoryMB: 1024, Timeout: 3, X86: true},
		Bronze: Bucket{KMSPerRequest: true, Expiration: 400, Transitions: []Transition{
			{"STANDARD_IA", 30, 128 << 10}, {"GLACIER_IR", 60, 0},
		}},
		Source: EventSource{
			BatchSize: 100, Window: 2, MaxConcurrency: 300, Provisioned: true,
		},
		Notifications: PerBatch, KMSKeys: 1,
		Unknown: []string{
			"the existing Silver bucket", "the existing table", "the existing queue",
			"the existing HTTP API",
		},
	}
	if diff := cmp.Diff(want, pipelines[0]); diff != "" {
		t.Errorf("pipeline Orders (-want +got):\n%s", diff)
	}
}

func TestPipelines_RejectsInvalidTemplates(t *testing.T) {
	for _, template := range []string{"", "Resources:\n", "[]", `{"Resources":[]}`} {
		if _, err := Pipelines([]byte(template)); err == nil {
			t.Errorf("%q: no error", template)
		}
	}
	pipelines, err := Pipelines([]byte(`{"Resources":{"A":{"Type":"AWS::S3::Bucket"}}}`))
	if err != nil || len(pipelines) != 0 {
		t.Errorf("a template without a pipeline: %v, %v", pipelines, err)
	}
}
