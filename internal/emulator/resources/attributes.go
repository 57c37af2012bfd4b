package resources

import (
	"cmp"
	"regexp"
	"strings"
)

// attributes generates plausible values for attributes that a resource's handler does not set. The
// values depend only on the template, so every run has the same values.
type attributes struct {
	*creation
	name, arn string
}

// attributes returns the attributes of the named resource. If arn is "", the ARN is derived from
// the resource's type and name.
func (c *creation) attributes(name, arn string) attributes {
	a := attributes{c, name, arn}
	if arn == "" {
		service, kind := serviceAndKind(c.resource.Type)
		form := arnForms[kind]
		if !strings.HasPrefix(form, service+":") {
			form = service + ":{scope}:" + kind + "/{name}"
		}
		a.arn = a.expand("arn:aws:" + form)
	}
	return a
}

// withUnmodelled adds plausible values for attributes that the resource's handler does not set. If
// a template refers to such an attribute, NotRun lists the attribute.
func (c *creation) withUnmodelled(v values) values {
	a := c.attributes(v.Ref[strings.LastIndexAny(v.Ref, "/:")+1:], v.Attributes["Arn"])
	v.Attribute = func(name string) string {
		c.notRun["attribute "+name+" of "+c.resource.LogicalID+" ("+c.resource.Type+")"] = 1
		return a.value(name)
	}
	return v
}

// serviceAndKind splits a resource type into service and kind, in lower case: "ec2" and "vpc" for
// AWS::EC2::VPC. service is the name in ARNs. A custom resource has the service "custom".
func serviceAndKind(resourceType string) (service, kind string) {
	parts := strings.Split(strings.ToLower(resourceType), "::")
	service, kind = "custom", parts[len(parts)-1]
	if len(parts) == 3 {
		service = cmp.Or(arnServices[parts[1]], parts[1])
	}
	return service, kind
}

// arnServices maps the name of a service in resource types to its name in ARNs, if they differ.
var arnServices = map[string]string{
	"apigatewayv2":           "apigateway",
	"certificatemanager":     "acm",
	"cognito":                "cognito-idp",
	"elasticloadbalancingv2": "elasticloadbalancing",
	"kinesisfirehose":        "firehose",
	"opensearchservice":      "es",
	"stepfunctions":          "states",
}

// arnForms maps the kind of a resource to the form of its ARN, without "arn:aws:". All other kinds
// have the form arn:aws:service:region:account:kind/name.
var arnForms = map[string]string{
	"alarm":        "cloudwatch:{scope}:alarm:{name}",
	"bucket":       "s3:::{name}",
	"certificate":  "acm:{scope}:certificate/{uuid}",
	"distribution": "cloudfront::{account}:distribution/{name}",
	"function":     "lambda:{scope}:function:{name}",
	"group":        "iam::{account}:group/{name}",
	"key":          "kms:{scope}:key/{uuid}",
	"layerversion": "lambda:{scope}:layer:{name}:1",
	"loggroup":     "logs:{scope}:log-group:{name}",
	"queue":        "sqs:{scope}:{name}",
	"role":         "iam::{account}:role/{name}",
	"secret":       "secretsmanager:{scope}:secret:{name}-local1",
	"statemachine": "states:{scope}:stateMachine:{name}",
	"topic":        "sns:{scope}:{name}",
	"user":         "iam::{account}:user/{name}",
}

// attributeForms maps resource types to attributes, and attributes to their values. It lists the
// attributes for which attributeEndings has no correct value.
var attributeForms = map[string]map[string]string{
	"AWS::ApiGatewayV2::Api": {
		"ApiEndpoint":   "wss://{id}.execute-api.{region}.amazonaws.com",
		"ExecuteApiArn": "arn:aws:execute-api:{scope}:{name}",
	},
	"AWS::CloudFront::Distribution": {"DomainName": "d{id}.cloudfront.net"},
	"AWS::Cognito::UserPool": {
		"ProviderName": "cognito-idp.{region}.amazonaws.com/{name}",
		"ProviderURL":  "https://cognito-idp.{region}.amazonaws.com/{name}",
		"UserPoolId":   "{name}",
	},
	"AWS::DynamoDB::GlobalTable": {"StreamArn": "{arn}" + streamLabel, "TableId": "{uuid}"},
	"AWS::DynamoDB::Table":       {"StreamArn": "{arn}" + streamLabel, "TableId": "{uuid}"},
	"AWS::Events::EventBus":      {"Policy": "{}"},
	"AWS::Lambda::Function": {
		"SnapStartResponse":                    "None",
		"SnapStartResponse.ApplyOn":            "None",
		"SnapStartResponse.OptimizationStatus": "Off",
	},
	"AWS::Lambda::Url": {"FunctionUrl": "https://{id}.lambda-url.{region}.on.aws/"},
	"AWS::S3::Bucket": {
		"DualStackDomainName": "{name}.s3.dualstack.{region}.amazonaws.com",
		"WebsiteURL":          "http://{name}.{website}.amazonaws.com",
	},
}

const streamLabel = "/stream/2026-01-01T00:00:00.000"

// attributeEndings lists values for attributes that attributeForms does not list. The first pattern
// that matches the attribute's name applies. In a value, {noun} stands for the rest of the name, in
// lower case.
var attributeEndings = []struct {
	pattern *regexp.Regexp
	form    string
}{
	{regexp.MustCompile(`(Arn|ARN)s?$`), "arn:aws:{nounARN}"},
	{regexp.MustCompile(`(Ur[li]|UR[LI])s?$`), "https://{host}/"},
	{regexp.MustCompile(`Endpoints?$`), "https://{host}"},
	{regexp.MustCompile(`AvailabilityZones?$`), "{region}a"},
	{regexp.MustCompile(`Ipv6Cidr(Block)?s?$`), "2001:db8::/56"},
	{regexp.MustCompile(`Cidr(Block)?s?$`), "192.0.2.0/24"},
	{regexp.MustCompile(`I[pP](v4)?(Address(es)?|s)?$`), "192.0.2.1"},
	{regexp.MustCompile(`(Domain|DNS|Dns|Server|Host)(Name)?s?$|Address(es)?$`), "{host}"},
	{regexp.MustCompile(`Port$`), "443"},
	{regexp.MustCompile(`(At|Time|Date|Timestamp)$`), "2026-01-01T00:00:00Z"},
	{regexp.MustCompile(`(Status|State)$`), "ACTIVE"},
	{regexp.MustCompile(`(Count|Number|Size|Revision|Version|Capacity|Bytes|Seconds)$`), "1"},
	{regexp.MustCompile(`(Owner|Account)(Id)?$`), "{account}"},
	{regexp.MustCompile(`U(uid|UID)$`), "{uuid}"},
	{regexp.MustCompile(`I(d|D|dentifier)s?$`), "{noun}-{id}"},
	{regexp.MustCompile(`Region$`), "{region}"},
	{regexp.MustCompile(`Names?$`), "{name}"},
	{regexp.MustCompile(`$`), "{name}/{noun}"},
}

// value returns a value of an attribute. If a property has the same name, it returns the property's
// value. For the resource's own id, such as VpcId, it returns the value of Ref.
func (a attributes) value(attribute string) string {
	if form, ok := attributeForms[a.resource.Type][attribute]; ok {
		return a.expand(form)
	}
	properties, err := a.stack.Properties(a.resource, attribute)
	if text, ok := properties[attribute].(string); ok && err == nil {
		return text
	}
	service, kind := serviceAndKind(a.resource.Type)
	noun, isID := strings.CutSuffix(strings.ToLower(attribute), "id")
	if isID && strings.HasSuffix(kind, noun) {
		return a.name
	}
	last := attribute[strings.LastIndex(attribute, ".")+1:]
	if noun, ok := strings.CutSuffix(strings.ToLower(last), "arn"); ok &&
		(noun == "" || noun == kind) {
		return a.arn
	}
	for _, ending := range attributeEndings {
		if ending.pattern.MatchString(last) {
			noun := strings.ToLower(ending.pattern.ReplaceAllString(last, ""))
			arn := cmp.Or(arnForms[noun], service+":{scope}:"+noun+"/{name}")
			form := strings.Replace(ending.form, "{nounARN}", arn, 1)
			return a.expand(strings.Replace(form, "{noun}", cmp.Or(noun, kind), 1))
		}
	}
	return a.name
}

// expand replaces the placeholders in form, such as {name}, with their values.
func (a attributes) expand(form string) string {
	service, _ := serviceAndKind(a.resource.Type)
	return strings.NewReplacer(
		"{account}", a.Account, "{arn}", a.arn, "{id}", a.id(12), "{name}", a.name,
		"{host}", strings.ToLower(a.name)+"."+service+"."+a.Region+".amazonaws.com",
		"{region}", a.Region, "{scope}", a.Region+":"+a.Account, "{uuid}", a.uuid(),
		"{website}", "s3-website"+websiteSeparator(a.Region)+a.Region,
	).Replace(form)
}

// websiteSeparator returns the character before the region in the host of an S3 website endpoint.
func websiteSeparator(region string) string {
	switch region {
	case "us-east-1", "us-west-1", "us-west-2", "ap-southeast-1", "ap-southeast-2",
		"ap-northeast-1", "eu-west-1", "sa-east-1":
		return "-"
	}
	return "."
}
