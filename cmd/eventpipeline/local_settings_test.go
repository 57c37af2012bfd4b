package main

import (
	"errors"
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator"
)

// parseLocal parses the flags of `eventpipeline local` in a new folder with the given settings
// file. It clears the environment variables that set the account and the region.
func parseLocal(t *testing.T, settingsFile string, args ...string) (emulator.Options, error) {
	t.Helper()
	t.Chdir(t.TempDir())
	if settingsFile != "" {
		if err := os.WriteFile(localSettingsFile, []byte(settingsFile), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var f localFlags
	cmd := newLocalCommand()
	cmd.ResetFlags()
	f.add(cmd)
	if err := cmd.ParseFlags(args); err != nil {
		t.Fatal(err)
	}
	err := f.parse()
	return f.options, err
}

func TestLocal_ChoosesAccountAndRegion(t *testing.T) {
	const file = `{"account": "222222222222", "region": "eu-west-2"}`
	for _, test := range []struct {
		name, file, args, env, account, region string
	}{
		{"nothing set", "", "", "", emulator.DefaultAccount, emulator.DefaultRegion},
		{
			"flags", file, "--account=111111111111 --region=eu-west-1",
			"CDK_DEFAULT_ACCOUNT=333333333333 CDK_DEFAULT_REGION=eu-west-3",
			"111111111111", "eu-west-1",
		},
		{
			"file", file, "", "CDK_DEFAULT_ACCOUNT=333333333333 CDK_DEFAULT_REGION=eu-west-3",
			"222222222222", "eu-west-2",
		},
		{
			"CDK's variables", "", "",
			"CDK_DEFAULT_ACCOUNT=333333333333 CDK_DEFAULT_REGION=eu-west-3 AWS_REGION=sa-east-1",
			"333333333333", "eu-west-3",
		},
		{
			"variables of the SDKs", "", "", "AWS_REGION=sa-east-1 AWS_DEFAULT_REGION=eu-west-3",
			emulator.DefaultAccount, "sa-east-1",
		},
		{
			"variable of the AWS CLI", "", "", "AWS_DEFAULT_REGION=eu-west-3",
			emulator.DefaultAccount, "eu-west-3",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			setOnly(t, test.env)
			o, err := parseLocal(t, test.file, strings.Fields(test.args)...)
			if err != nil || o.Account != test.account || o.Region != test.region {
				t.Errorf("got %q, %q, %v", o.Account, o.Region, err)
			}
		})
	}
}

// setOnly sets environment variables, such as "AWS_REGION=eu-west-1". It clears all others that set
// the account or the region.
func setOnly(t *testing.T, variables string) {
	t.Helper()
	for _, name := range []string{
		"CDK_DEFAULT_ACCOUNT", "CDK_DEFAULT_REGION", "AWS_REGION", "AWS_DEFAULT_REGION",
	} {
		t.Setenv(name, "")
	}
	for _, pair := range strings.Fields(variables) {
		name, value, _ := strings.Cut(pair, "=")
		t.Setenv(name, value)
	}
}

func TestLocal_ReadsParametersFromFlagsAndFile(t *testing.T) {
	o, err := parseLocal(t, "\ufeff"+`{
		"parameters": {"Size": 3, "On": true, "Zones": ["a", 2], "shop:Stage": "dev", "Kept": "x"},
		"ssm": {"/shop/bus": "file", "/shop/other": "file"}
	}`, "--parameter=Stage=prod", "--parameter=depot:Query=a=b,c", "--ssm=/shop/bus=flag")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"Size": "3", "On": "true", "Zones": "a,2", "Kept": "x",
		"Stage": "prod", "depot:Query": "a=b,c",
	}
	if !maps.Equal(o.Parameters, want) {
		t.Errorf("parameters %v, want %v", o.Parameters, want)
	}
	want = map[string]string{"/shop/bus": "flag", "/shop/other": "file"}
	if !maps.Equal(o.SSM, want) {
		t.Errorf("SSM parameters %v, want %v", o.SSM, want)
	}
}

func TestLocal_RejectsInvalidSettings(t *testing.T) {
	setOnly(t, "")
	for _, test := range []struct{ file, arg, want string }{
		{"", "--account=1234", "--account must be 12 digits"},
		{"", "--region=EU", "--region must be a region"},
		{"", "--parameter=Size", "--parameter must be NAME=VALUE"},
		{"", "--ssm==x", "--ssm must be NAME=VALUE"},
		{`{"account": "1"}`, "", "account in " + localSettingsFile},
		{`{"parameter": {}}`, "", `parameter`},
		{`{"parameters": {"a": {}}}`, "", "must be a string"},
		{`{"ssm": {"a": null}}`, "", "got null"},
		{`{"ssm": {"a": ["b", null]}}`, "", "got null"},
		{`{"parameters": {"a": ["b", {}]}}`, "", "got {}"},
		{`{`, "", localSettingsFile},
	} {
		var args []string
		if test.arg != "" {
			args = []string{test.arg}
		}
		_, err := parseLocal(t, test.file, args...)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s %s: got %v, want %s", test.file, test.arg, err, test.want)
		}
	}
	t.Setenv("CDK_DEFAULT_ACCOUNT", "prod")
	if _, err := parseLocal(t, ""); err == nil ||
		!strings.Contains(err.Error(), "CDK_DEFAULT_ACCOUNT must be 12 digits") {
		t.Errorf("got %v", err)
	}
}

func TestLocal_NamesTheFlagThatSetsAParameter(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{&emulator.MissingParameterError{Stack: "shop", Names: []string{"Size"}},
			"--parameter shop:Size=VALUE"},
		{&emulator.MissingParameterError{Stack: "shop", SSM: "/shop/bus"},
			"--ssm /shop/bus=VALUE"},
		{&emulator.UnknownParameterError{Key: "Siz"}, "--parameter"},
	} {
		got := (&localFlags{}).explain(t.Context(), c.err)
		if !errors.Is(got, c.err) || !strings.Contains(got.Error(), c.want) ||
			!strings.Contains(got.Error(), localSettingsFile) {
			t.Errorf("got %v, want %s", got, c.want)
		}
	}
}

func TestLookupAdvice_NamesAWayToSetTheValue(t *testing.T) {
	f := &localFlags{options: emulator.Options{
		Account: emulator.DefaultAccount, Region: "us-east-1",
	}}
	here := emulator.Lookup{Account: emulator.DefaultAccount, Region: "us-east-1"}
	known := here
	known.KnownIn = []emulator.Environment{{Account: "111111111111", Region: "eu-west-1"}}
	parameter := here
	parameter.SSMParameter = "/shop/bus"
	for want, l := range map[string]emulator.Lookup{
		"--account ACCOUNT --region REGION":                               here,
		"cdk.context.json with --account 111111111111 --region eu-west-1": known,
		"--ssm /shop/bus=VALUE":                                           parameter,
		"credentials for account 222222222222 in eu-west-2": {
			Account: "222222222222", Region: "eu-west-2",
		},
	} {
		if got := f.lookupAdvice(l); !strings.Contains(got, want) {
			t.Errorf("%+v: got %q, want %q", l, got, want)
		}
	}
}
