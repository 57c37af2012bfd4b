package eventpipeline

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/contract"
)

// maxEnvironment is Lambda's quota for the environment variables of a function, in bytes. Lambda
// measures the JSON object of all names and values. See "Environment variables" in
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html.
const maxEnvironment = 4096

// EnvironmentWarning is the id of the warning about environment variables that are possibly larger
// than Lambda's maximum. If you know that the variables fit, pass the id to
// Annotations.AcknowledgeWarning.
const EnvironmentWarning = "eventpipeline:environmentSize"

// validateEnvironmentAtSynth checks the size of each function's environment variables. Values that
// are unknown at synth have a minimal and a maximal length:
//   - If the minimal size is too large, validateEnvironmentAtSynth adds an error.
//   - If only the maximal size is too large, it adds a warning.
func (v *validation) validateEnvironmentAtSynth(p *eventPipeline) {
	for _, function := range []struct {
		prop     string
		function awslambda.Function
	}{
		{"ApiFunction", p.apiFunction},
		{"WorkerFunction", p.workerFunction},
		{"ReconcilerFunction", p.reconcilerFunction},
	} {
		resource := function.function.Node().DefaultChild().(awslambda.CfnFunction)
		size := environmentSize(resource)
		v.require(size.least <= maxEnvironment, function.prop+".Environment",
			"must have at most %d bytes with the pipeline's own variables, got at least %d: "+
				"Lambda rejects more. Read large values from AWS AppConfig or Parameter Store",
			maxEnvironment, size.least)
		if size.least <= maxEnvironment && size.most > maxEnvironment {
			awscdk.Annotations_Of(p).AddWarningV2(jsii.String(EnvironmentWarning), jsii.String(
				function.prop+".Environment may be larger than Lambda's maximum of 4096 bytes: "+
					"some values are known only at deployment."))
		}
	}
}

// byteRange contains the minimal and the maximal length of a text in bytes.
type byteRange struct{ least, most int }

func (r *byteRange) add(other byteRange) {
	r.least += other.least
	r.most += other.most
}

// unknownValues contains the possible lengths of environment variables whose values can be unknown
// at synth: names and URLs of resources. The keys are the names of the variables.
var unknownValues = map[string]byteRange{
	contract.BronzeBucket:       {3, 63},
	contract.SilverBucket:       {3, 63},
	contract.EventsTable:        {3, 255},
	contract.EventBusName:       {1, 256},
	contract.QueueURL:           queueURL,
	contract.DeadLetterQueueURL: queueURL,
}

var queueURL = byteRange{
	len("https://sqs.us-east-1.amazonaws.com/111111111111/q"),
	len("https://sqs.ap-northeast-1.amazonaws.com.cn/111111111111/") + 80,
}

// unknownValue is the assumed length of a token whose variable is not in unknownValues. Most names
// and ARNs are shorter than its maximum.
var unknownValue = byteRange{0, 256}

func environmentSize(function awslambda.CfnFunction) byteRange {
	var environment struct{ Variables map[string]any }
	text := formatJSON(function.Stack().Resolve(function.Environment()))
	if err := json.Unmarshal([]byte(text), &environment); err != nil {
		return byteRange{} // the whole environment is a token
	}
	size := byteRange{len("{}"), len("{}")}
	for name, value := range environment.Variables {
		unknown, ok := unknownValues[name]
		if !ok {
			unknown = unknownValue
		}
		size.add(valueSize(value, unknown))
		punctuation := len(`"":"",`)
		size.add(byteRange{len(name) + punctuation, len(name) + punctuation})
	}
	if len(environment.Variables) > 0 {
		size.add(byteRange{-1, -1}) // no comma follows the last variable
	}
	return size
}

// valueSize returns the length of a resolved value in JSON, without the quotes. For a token of
// unknown length, the result is fallback.
func valueSize(value any, fallback byteRange) (size byteRange) {
	switch v := value.(type) {
	case string:
		n := jsonLength(v) - len(`""`)
		return byteRange{n, n}
	case map[string]any:
		if size, ok := functionSize(v); ok {
			return size
		}
	}
	return fallback
}

// functionSize returns the length of the result of Fn::Join, Fn::Sub or Fn::If. ok is false for
// other functions, and for arguments of an unknown form.
func functionSize(function map[string]any) (size byteRange, ok bool) {
	for name, argument := range function {
		list, isList := argument.([]any)
		text, isText := argument.(string)
		switch {
		case name == "Fn::Join" && isList && len(list) == 2:
			return joinSize(list[0], list[1])
		case name == "Fn::Sub" && isList && len(list) > 0:
			text, isText = list[0].(string)
			return subSize(text), isText
		case name == "Fn::Sub" && isText:
			return subSize(text), true
		case name == "Fn::If" && isList && len(list) == 3:
			a, b := valueSize(list[1], unknownValue), valueSize(list[2], unknownValue)
			return byteRange{min(a.least, b.least), max(a.most, b.most)}, true
		}
	}
	return size, false
}

func joinSize(delimiter, list any) (size byteRange, ok bool) {
	parts, ok := list.([]any)
	for i, part := range parts {
		size.add(valueSize(part, unknownValue))
		if i > 0 {
			size.add(valueSize(delimiter, unknownValue))
		}
	}
	return size, ok
}

// placeholder matches a placeholder in the text of Fn::Sub, such as ${name}. It does not match
// ${!name}, which Fn::Sub replaces by the text ${name}.
var placeholder = regexp.MustCompile(`\$\{[^!}][^}]*\}`)

func subSize(text string) byteRange {
	known := placeholder.ReplaceAllString(text, "")
	n := jsonLength(strings.ReplaceAll(known, "${!", "${")) - len(`""`)
	placeholders := len(placeholder.FindAllString(text, -1))
	return byteRange{n, n + placeholders*unknownValue.most}
}

// jsonLength returns the length of text as a JSON string. Lambda escapes quotes, backslashes and
// control characters. Unlike encoding/json by default, it does not escape <, > and &.
func jsonLength(text string) int {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(text); err != nil {
		return len(text) // can't happen for a string
	}
	return len(bytes.TrimSpace(buffer.Bytes()))
}
