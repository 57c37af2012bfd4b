package cloudformation

import (
	"strings"
	"testing"
)

func TestCidr_DividesARange(t *testing.T) {
	r := &Resolver{
		Template: parse(t, `{"Resources": {"Vpc": {"Type": "AWS::EC2::VPC"}}}`),
		Values: map[string]ReturnValues{"Vpc": {
			Ref: "vpc-1", Attribute: func(name string) string { return "placeholder/" + name },
		}},
	}
	vpc := map[string]any{"Fn::GetAtt": []any{"Vpc", "Ipv6CidrBlocks"}}
	for _, test := range []struct {
		block             any
		count, bits, want string
	}{
		{"10.0.0.0/16", "3", "8", "10.0.0.0/24 10.0.1.0/24 10.0.2.0/24"},
		{"192.168.0.9/24", "6", "5", "192.168.0.0/27 192.168.0.32/27 192.168.0.64/27 " +
			"192.168.0.96/27 192.168.0.128/27 192.168.0.160/27"},
		{"255.255.255.0/24", "2", "7", "255.255.255.0/25 255.255.255.128/25"},
		{"2001:db8::/56", "2", "64", "2001:db8::/64 2001:db8:0:1::/64"},
		{"0.0.0.0/0", "1", "32", "0.0.0.0/0"},
		{vpc, "2", "64", "placeholder/Ipv6CidrBlocks"},
		{map[string]any{"Fn::Select": []any{"0", vpc}}, "2", "64", "placeholder/Ipv6CidrBlocks"},
	} {
		call := map[string]any{"Fn::Cidr": []any{test.block, test.count, test.bits}}
		got, err := r.resolveStrings(call)
		if err != nil || strings.Join(got, " ") != test.want {
			t.Errorf("%v: got %v, %v, want %s", call, got, err, test.want)
		}
		got, err = r.resolveStrings([]any{map[string]any{"Fn::Select": []any{"0", call}}})
		if err != nil || !strings.HasPrefix(test.want, got[0]) {
			t.Errorf("the first of %v: got %v, %v", call, got, err)
		}
	}
	second := map[string]any{"Fn::Select": []any{"1",
		map[string]any{"Fn::Cidr": []any{vpc, "2", "64"}}}}
	if got, err := r.resolveString(second); got != "placeholder/Ipv6CidrBlocks" {
		t.Errorf("the second range of a placeholder: got %s, %v; want the placeholder", got, err)
	}
	for _, invalid := range [][]any{
		{}, {"10.0.0.0/16", "1"}, {"10.0.0.0", "1", "8"}, {"10.0.0.0/24", "2", "8"},
		{"10.0.0.0/16", "0", "8"}, {"10.0.0.0/8", "257", "8"}, {"10.0.0.0/16", "1", "17"},
		{"10.0.0.0/16", "x", "8"}, {"10.0.0.0/16", "1", "-1"}, {"10.0.0.0/33", "1", "8"},
	} {
		if got, err := r.cidr(invalid); err == nil ||
			!strings.HasPrefix(err.Error(), "the argument must be a range of IP addresses") {
			t.Errorf("%v: got %v, %v", invalid, got, err)
		}
	}
}

func TestResolver_ResolvesLanguageExtensions(t *testing.T) {
	r := newResolver(t)
	const toJSON = `{"Fn::ToJsonString": {"b": ["<", 1.0, true], "a": {"Ref": "AWS::Region"}}}`
	for call, want := range map[string]string{
		`{"Fn::Length": ["a", {"Ref": "Queue"}, "c"]}`: "3",
		`{"Fn::Length": {"Fn::Split": [",", "a,b"]}}`:  "2",
		toJSON: `{"a":"us-east-1","b":["<",1.0,true]}`,
	} {
		output := parse(t, `{"Outputs": {"O": {"Value": `+call+`}}}`).Outputs["O"]
		if got, err := r.resolveString(output.Value); err != nil || got != want {
			t.Errorf("%s: got %s, %v, want %s", call, got, err, want)
		}
	}
}
