package awsconfig

import (
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// lambdaVariables holds the variables that Lambda sets for an OS-only runtime.
var lambdaVariables = map[string]string{
	"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1",
	"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "secret",
	"AWS_SESSION_TOKEN": "token",
}

// setVariables sets Lambda's variables and the given variables. It unsets all other variables of
// the SDK.
func setVariables(t *testing.T, variables map[string]string) {
	t.Helper()
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "") // restores the value after the test
			os.Unsetenv(name)
		}
	}
	t.Setenv("HOME", t.TempDir()) // no files of the AWS CLI
	all := maps.Clone(lambdaVariables)
	maps.Copy(all, variables)
	for name, value := range all {
		t.Setenv(name, value)
	}
}

// settings holds the settings that a service's client gets from the configuration.
type settings struct {
	Region, Endpoint, AppID string
	FIPS                    aws.FIPSEndpointState
	DualStack               aws.DualStackEndpointState
	Credentials             aws.Credentials
	RequestChecksum         aws.RequestChecksumCalculation
	ResponseChecksum        aws.ResponseChecksumValidation
}

func settingsOf(t *testing.T, cfg aws.Config) map[string]settings {
	t.Helper()
	keys, err := cfg.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	keys.Source = ""
	common := settings{
		Region: cfg.Region, AppID: cfg.AppID, Credentials: keys,
		RequestChecksum:  cfg.RequestChecksumCalculation,
		ResponseChecksum: cfg.ResponseChecksumValidation,
	}
	with := func(
		endpoint *string, fips aws.FIPSEndpointState, dualStack aws.DualStackEndpointState,
	) settings {
		s := common
		s.Endpoint, s.FIPS, s.DualStack = aws.ToString(endpoint), fips, dualStack
		return s
	}
	s3Options, sqsOptions := s3.NewFromConfig(cfg).Options(), sqs.NewFromConfig(cfg).Options()
	tableOptions := dynamodb.NewFromConfig(cfg).Options()
	busOptions := eventbridge.NewFromConfig(cfg).Options()
	return map[string]settings{
		"s3": with(s3Options.BaseEndpoint, s3Options.EndpointOptions.UseFIPSEndpoint,
			s3Options.EndpointOptions.UseDualStackEndpoint),
		"sqs": with(sqsOptions.BaseEndpoint, sqsOptions.EndpointOptions.UseFIPSEndpoint,
			sqsOptions.EndpointOptions.UseDualStackEndpoint),
		"dynamodb": with(tableOptions.BaseEndpoint, tableOptions.EndpointOptions.UseFIPSEndpoint,
			tableOptions.EndpointOptions.UseDualStackEndpoint),
		"eventbridge": with(busOptions.BaseEndpoint, busOptions.EndpointOptions.UseFIPSEndpoint,
			busOptions.EndpointOptions.UseDualStackEndpoint),
	}
}

// The SDK's package "config" reads the same variables. Load must return the same settings as that
// package.
func TestLoad_ReadsVariablesAsTheSDKDoes(t *testing.T) {
	for name, variables := range map[string]map[string]string{
		"Lambda":           {},
		"no token":         {"AWS_SESSION_TOKEN": ""},
		"endpoint":         {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"},
		"service endpoint": {"AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:2"},
		"both endpoints": {
			"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:3",
			"AWS_ENDPOINT_URL_EVENTBRIDGE": "http://127.0.0.1:4",
		},
		"ignored endpoints": {
			"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_SQS": "http://127.0.0.1:2",
			"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
		},
		"FIPS": {"AWS_USE_FIPS_ENDPOINT": "True", "AWS_USE_DUALSTACK_ENDPOINT": "false"},
		"IPv6": {"AWS_USE_FIPS_ENDPOINT": "false", "AWS_USE_DUALSTACK_ENDPOINT": "true"},
		"name": {"AWS_SDK_UA_APP_ID": "orders"},
	} {
		t.Run(name, func(t *testing.T) {
			setVariables(t, variables)
			got, err := Load(testCalls)
			if err != nil {
				t.Fatal(err)
			}
			want, err := config.LoadDefaultConfig(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			gotSettings, wantSettings := settingsOf(t, got), settingsOf(t, want)
			if !maps.Equal(gotSettings, wantSettings) {
				t.Errorf("got  %+v\nwant %+v", gotSettings, wantSettings)
			}
		})
	}
}

func TestLoad_RejectsInvalidVariables(t *testing.T) {
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "",
		"AWS_USE_FIPS_ENDPOINT": "maybe", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "no?",
	} {
		setVariables(t, map[string]string{name: value})
		if _, err := Load(testCalls); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s=%q: got %v, want an error with the variable", name, value, err)
		}
	}
}
