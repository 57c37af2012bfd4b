package cdkapp

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// Lookup represents a value that an app looks up in an AWS account. If the emulator does not know
// the value, the app gets a placeholder.
type Lookup struct {
	Key             string // key of the value in cdk.context.json
	Account, Region string // where the app looks the value up
	// KnownIn lists the environments for which cdk.context.json contains the value.
	KnownIn      []Environment
	SSMParameter string // name of the SSM parameter if the app looks one up

	provider string
}

// Environment represents an AWS account and region.
type Environment struct{ Account, Region string }

// missing holds the fields of a look-up in manifest.json that this package uses.
type missing struct {
	Key      string `json:"key"`
	Provider string `json:"provider"`
	Props    struct {
		Account       string `json:"account"`
		Region        string `json:"region"`
		ParameterName string `json:"parameterName"`
	} `json:"props"`
}

func (m missing) lookup() Lookup {
	return Lookup{
		Key: m.Key, Account: m.Props.Account, Region: m.Props.Region,
		provider: m.Provider, SSMParameter: m.Props.ParameterName,
	}
}

// Providers of the look-ups that can be answered without AWS.
const (
	zonesProvider = "availability-zones"
	ssmProvider   = "ssm"
)

// knownValues holds the values that the emulator knows without a call to AWS.
type knownValues struct {
	account, region string
	ssm             map[string]string // name of an SSM parameter → value
}

// addExpected adds the known values to the context before the app looks them up. It keeps values
// that the context already contains. The keys have the CDK's format, with the app's account and
// region.
func (k knownValues) addExpected(context map[string]any) {
	expected := []Lookup{{
		Key:      zonesProvider + ":account=" + k.account + ":region=" + k.region,
		provider: zonesProvider, Region: k.region,
	}}
	for name := range k.ssm {
		key := ssmProvider + ":account=" + k.account + ":parameterName=" +
			strings.ReplaceAll(name, ":", "$:") + ":region=" + k.region
		expected = append(expected, Lookup{Key: key, provider: ssmProvider, SSMParameter: name})
	}
	k.add(context, expected)
}

// add answers look-ups: it adds the known values to the context. It keeps values that the context
// already contains. It reports whether it added a value.
func (k knownValues) add(context map[string]any, lookups []Lookup) (added bool) {
	for _, l := range lookups {
		value, known := k.value(l)
		if _, set := context[l.Key]; known && !set {
			context[l.Key], added = value, true
		}
	}
	return added
}

func (k knownValues) value(l Lookup) (value any, known bool) {
	switch l.provider {
	case zonesProvider:
		return []string{l.Region + "a", l.Region + "b", l.Region + "c"}, true
	case ssmProvider:
		value, known = k.ssm[l.SSMParameter]
		return value, known
	}
	return nil, false
}

// setKnownIn sets KnownIn in each look-up. lookedUp maps the keys in cdk.context.json to values.
func (a *Assembly) setKnownIn(lookedUp map[string]any) {
	for i := range a.Lookups {
		l := &a.Lookups[i]
		known := map[Environment]bool{}
		for key := range lookedUp {
			if e, ok := l.environment(key); ok {
				known[e] = true
			}
		}
		l.KnownIn = slices.SortedFunc(maps.Keys(known), func(a, b Environment) int {
			return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Region, b.Region))
		})
	}
}

// environment returns the account and region in a key of cdk.context.json. It returns false if one
// of them is absent, or if another part of the key differs from l.Key.
func (l Lookup) environment(key string) (e Environment, ok bool) {
	parts, ofKey := strings.Split(l.Key, ":"), strings.Split(key, ":")
	if len(parts) != len(ofKey) {
		return e, false
	}
	for i, part := range parts {
		if account, found := strings.CutPrefix(ofKey[i], "account="); found &&
			part == "account="+l.Account {
			e.Account = account
			continue
		}
		if region, found := strings.CutPrefix(ofKey[i], "region="); found &&
			part == "region="+l.Region {
			e.Region = region
			continue
		}
		if part != ofKey[i] {
			return e, false
		}
	}
	return e, e.Account != "" && e.Region != ""
}
