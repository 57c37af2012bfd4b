package cost

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

// Pipelines returns the pipelines in a CloudFormation template in JSON, sorted by name. It
// recognizes them by the construct's metadata.
func Pipelines(template []byte) ([]Pipeline, error) {
	var t document
	if err := json.Unmarshal(template, &t); err != nil {
		return nil, fmt.Errorf("read the template: %w", err)
	}
	functions := map[string]map[contract.Role]string{} // logical ids by pipeline
	for _, id := range slices.Sorted(maps.Keys(t.Resources)) {
		var f contract.Function
		err := jsonv2.Unmarshal(t.Resources[id].Metadata[contract.FunctionMetadata], &f)
		if err != nil || f.Pipeline == "" {
			continue
		}
		if functions[f.Pipeline] == nil {
			functions[f.Pipeline] = map[contract.Role]string{}
		}
		functions[f.Pipeline][f.Role] = id
	}
	var pipelines []Pipeline
	for _, name := range slices.Sorted(maps.Keys(functions)) {
		pipelines = append(pipelines, t.pipeline(name, functions[name]))
	}
	return pipelines, nil
}

type document struct{ Resources map[string]resource }

type resource struct {
	Type       string
	Metadata   map[string]json.RawMessage
	Properties value
}

func (t document) pipeline(name string, functions map[contract.Role]string) Pipeline {
	p := Pipeline{Name: name}
	p.API = t.function(functions[contract.RoleAPI])
	p.Worker = t.function(functions[contract.RoleWorker])
	if id, ok := functions[contract.RoleReconciler]; ok {
		reconciler := t.function(id)
		p.Reconciler = &reconciler
	}
	p.MaxPayloadBytes = t.environment(functions[contract.RoleAPI]).
		get(contract.MaxPayloadBytes).asNumber(0)
	environment := t.environment(functions[contract.RoleWorker])
	used := []string{}
	lookUp := func(variable, what string) (resource, bool) {
		id := environment.get(variable).reference()
		r, ok := t.Resources[id]
		if !ok {
			p.Unknown = append(p.Unknown, what)
		}
		used = append(used, id)
		return r, ok
	}
	if r, ok := lookUp(contract.BronzeBucket, "the existing Bronze bucket"); ok {
		p.Bronze = t.bucket(r.Properties)
	}
	if r, ok := lookUp(contract.SilverBucket, "the existing Silver bucket"); ok {
		p.Silver = t.bucket(r.Properties)
	}
	p.Table.RetentionDays = environment.get(contract.StatusRetentionDays).asNumber(0)
	if r, ok := lookUp(contract.EventsTable, "the existing table"); ok {
		p.Table.Backups = r.Properties.
			get("PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled").equals("true")
	}
	lookUp(contract.QueueURL, "the existing queue")
	p.Notifications = PerEvent
	if mode := environment.get(contract.Notifications).asString(); mode != "" {
		p.Notifications = Notifications(mode)
	}
	p.Source = EventSource{BatchSize: 10, MaxConcurrency: 50}
	p.addResources(t, functions)
	p.KMSKeys = t.countKeys(name, used)
	p.addWebhooks(t.environment(functions[contract.RoleAPI]).get(contract.Webhooks))
	return p
}

// addResources adds the settings of resources to which no function refers. It recognizes them as
// follows:
//   - the queue's mapping and the schedule: by the function to which they refer
//   - other resources: by the pipeline's name, with which their logical ids begin
func (p *Pipeline) addResources(t document, functions map[contract.Role]string) {
	hasAPI := false
	for _, id := range slices.Sorted(maps.Keys(t.Resources)) {
		r := t.Resources[id]
		properties := r.Properties
		switch {
		case r.Type == "AWS::Lambda::EventSourceMapping":
			if properties.get("FunctionName").reference() == functions[contract.RoleWorker] {
				p.Source = eventSource(properties)
			}
		case r.Type == "AWS::Events::Rule" && properties.get("ScheduleExpression").asString() != "":
			target := properties.get("Targets").first().get("Arn").reference()
			if id, ok := functions[contract.RoleReconciler]; ok && target == id {
				p.ReconcileInterval = rateSeconds(properties.get("ScheduleExpression").asString())
			}
		case !strings.HasPrefix(id, p.Name):
		case r.Type == "AWS::ApiGatewayV2::Route":
			if properties.get("RouteKey").equals("POST " + contract.EventsPath) {
				authorization := properties.get("AuthorizationType")
				p.MessageGroups = authorization.exists() && !authorization.equals("NONE")
			}
		case r.Type == "AWS::ApiGatewayV2::Stage":
			hasAPI = true
			settings := properties.get("DefaultRouteSettings")
			p.APIThrottle = settings.get("ThrottlingRateLimit").asNumber(0)
			p.APIAccessLog = properties.get("AccessLogSettings", "DestinationArn").exists()
		case r.Type == "AWS::CloudWatch::Alarm":
			p.AlarmMetrics += alarmMetrics(properties)
		case r.Type == "AWS::CloudWatch::Dashboard":
			p.Dashboards++
		case r.Type == "AWS::Logs::MetricFilter":
			p.MetricFilters++
		}
	}
	if !hasAPI {
		p.Unknown = append(p.Unknown, "the existing HTTP API")
	}
}

// addWebhooks counts the webhook sources and their secrets. The parameter sources is the
// value of the API function's environment variable Webhooks.
func (p *Pipeline) addWebhooks(sources value) {
	var list []struct{ Secret string }
	if json.Unmarshal([]byte(sources.joinedText()), &list) != nil {
		return // no sources
	}
	secrets := map[string]bool{}
	for _, source := range list {
		secrets[source.Secret] = true
	}
	p.WebhookSources, p.WebhookSecrets = len(list), len(secrets)
	p.MessageGroups = p.MessageGroups || len(list) > 0
}

func alarmMetrics(properties value) int {
	count := 0
	for _, metric := range properties.get("Metrics").asList() {
		if metric.get("MetricStat").exists() {
			count++
		}
	}
	return max(1, count)
}

func eventSource(properties value) EventSource {
	s := EventSource{
		BatchSize:      properties.get("BatchSize").asNumber(10),
		Window:         properties.get("MaximumBatchingWindowInSeconds").asNumber(0),
		MaxConcurrency: properties.get("ScalingConfig", "MaximumConcurrency").asNumber(0),
	}
	if pollers := properties.get("ProvisionedPollerConfig"); pollers.exists() {
		s.Provisioned = true
		s.MaxConcurrency = concurrencyPerPoller * pollers.get("MaximumPollers").asNumber(200)
	}
	return s
}

// concurrencyPerPoller is the maximum number of invocations that a provisioned poller runs at the
// same time.
const concurrencyPerPoller = 10

func (t document) environment(function string) value {
	return t.Resources[function].Properties.get("Environment", "Variables")
}

func (t document) function(id string) Function {
	properties := t.Resources[id].Properties
	level := t.environment(id).get(contract.LogLevel).asString()
	return Function{
		MemoryMB: properties.get("MemorySize").asNumber(128),
		X86:      !properties.get("Architectures").first().equals("arm64"),
		Tracing:  properties.get("TracingConfig", "Mode").equals("Active"),
		Timeout:  properties.get("Timeout").asNumber(3),
		Reserved: properties.get("ReservedConcurrentExecutions").asNumber(0),
		InfoLogs: level == "info" || level == "debug",
	}
}

// defaultMinBytes is the size below which S3 does not move objects to another class by default.
const defaultMinBytes = 128 << 10

func (t document) bucket(properties value) Bucket {
	var b Bucket
	encryption := properties.get("BucketEncryption", "ServerSideEncryptionConfiguration").first()
	hasKey := encryption.get("ServerSideEncryptionByDefault", "KMSMasterKeyID").exists()
	b.KMSPerRequest = hasKey && !encryption.get("BucketKeyEnabled").equals("true")
	lifecycle := properties.get("LifecycleConfiguration")
	varies := lifecycle.get("TransitionDefaultMinimumObjectSize").equals("varies_by_storage_class")
	for _, rule := range lifecycle.get("Rules").asList() {
		if !rule.get("Status").equals("Enabled") {
			continue
		}
		if days := rule.get("ExpirationInDays").asNumber(0); days > 0 {
			b.Expiration = days
		}
		for _, transition := range rule.get("Transitions").asList() {
			class := transition.get("StorageClass").asString()
			minBytes := float64(defaultMinBytes)
			if varies && class != infrequentAccess {
				minBytes = 0
			}
			b.Transitions = append(b.Transitions, Transition{
				Class: class, Days: transition.get("TransitionInDays").asNumber(0),
				MinBytes: minBytes,
			})
		}
	}
	slices.SortStableFunc(b.Transitions, func(x, y Transition) int {
		return cmp.Compare(x.Days, y.Days)
	})
	if logging := properties.get("LoggingConfiguration"); logging.exists() {
		b.AccessLogs = true
		destination := t.Resources[logging.get("DestinationBucketName").reference()].Properties
		for _, rule := range destination.get("LifecycleConfiguration", "Rules").asList() {
			if days := rule.get("ExpirationInDays").asNumber(0); days > 0 {
				b.AccessLogDays = days
			}
		}
	}
	return b
}

// countKeys counts the KMS keys to which the pipeline's resources refer. These are the resources in
// used, and those whose logical ids begin with the pipeline's name.
func (t document) countKeys(pipeline string, used []string) int {
	keys := map[string]bool{}
	for id, r := range t.Resources {
		if !strings.HasPrefix(id, pipeline) && !slices.Contains(used, id) {
			continue
		}
		for _, reference := range r.Properties.references() {
			if t.Resources[reference].Type == "AWS::KMS::Key" {
				keys[reference] = true
			}
		}
	}
	return len(keys)
}

// rateSeconds returns the interval of a schedule expression such as "rate(15 minutes)".
func rateSeconds(expression string) float64 {
	var n float64
	var unit string
	if _, err := fmt.Sscanf(expression, "rate(%g %s", &n, &unit); err != nil {
		return 0
	}
	seconds := map[string]float64{"minute": 60, "hour": 3600, "day": 86400}
	return n * seconds[strings.TrimSuffix(strings.TrimSuffix(unit, ")"), "s")]
}
