package cloudformation

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// intrinsic returns the name and the argument of the intrinsic function that an object calls. For
// other objects, the name is "".
func intrinsic(object map[string]any) (name string, argument any) {
	if len(object) != 1 {
		return "", nil
	}
	for key, value := range object {
		// Ignore Condition, which is an ordinary key in IAM policies. evaluate handles
		// {"Condition": "Name"} in the section Conditions.
		if key == "Ref" || strings.HasPrefix(key, "Fn::") {
			return key, value
		}
	}
	return "", nil
}

func (r *Resolver) call(name string, argument any) (any, error) {
	switch name {
	case "Ref":
		return r.ref(argument)
	case "Fn::GetAtt":
		return r.getAtt(argument)
	case "Fn::Join":
		return r.join(argument)
	case "Fn::Sub":
		return r.sub(argument)
	case "Fn::Select":
		return r.selectOne(argument)
	case "Fn::Split":
		return r.split(argument)
	case "Fn::If":
		return r.ifElse(argument)
	case "Fn::FindInMap":
		return r.findInMap(argument)
	case "Fn::Base64":
		text, err := r.resolveString(argument)
		return base64.StdEncoding.EncodeToString([]byte(text)), err
	case "Fn::GetAZs":
		region, err := r.resolveString(argument)
		region = cmp.Or(region, r.Pseudo.Region)
		return []any{region + "a", region + "b", region + "c"}, err
	case "Fn::Cidr":
		return r.cidr(argument)
	case "Fn::Length":
		list, err := r.resolveList(argument)
		return json.Number(strconv.Itoa(len(list))), err
	case "Fn::ToJsonString":
		return r.jsonString(argument)
	case "Fn::ImportValue":
		return r.importValue(argument)
	case "Fn::GetStackOutput":
		return r.stackOutput(argument)
	case "Fn::Equals", "Fn::Not", "Fn::And", "Fn::Or":
		return r.evaluate(map[string]any{name: argument})
	}
	return nil, fmt.Errorf("the local platform does not support the CloudFormation function %s",
		name)
}

// jsonString resolves Fn::ToJsonString, which returns a value as JSON.
func (r *Resolver) jsonString(argument any) (any, error) {
	value, err := r.resolve(argument)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err = encoder.Encode(value)
	return strings.TrimSuffix(text.String(), "\n"), err
}

func (r *Resolver) ref(argument any) (any, error) {
	id, ok := argument.(string)
	if !ok {
		return nil, fmt.Errorf("the argument must be a logical id, got %s", describe(argument))
	}
	pseudo := map[string]any{
		"AWS::AccountId":        r.Pseudo.Account,
		"AWS::NoValue":          noValue{},
		"AWS::NotificationARNs": []any{},
		"AWS::Partition":        "aws",
		"AWS::Region":           r.Pseudo.Region,
		"AWS::StackId":          r.Pseudo.StackID,
		"AWS::StackName":        r.Pseudo.StackName,
		"AWS::URLSuffix":        "amazonaws.com",
	}
	if value, ok := pseudo[id]; ok {
		return value, nil
	}
	if value, ok := r.Template.assetParameters[id]; ok {
		return value, nil
	}
	if parameter, ok := r.Template.Parameters[id]; ok {
		return r.parameterValue(id, parameter)
	}
	values, err := r.returnValues(id)
	return values.Ref, err
}

func (r *Resolver) returnValues(id string) (values ReturnValues, err error) {
	resource, ok := r.Template.Resources[id]
	if !ok {
		return values, fmt.Errorf("the template has no resource or parameter %q", id)
	}
	exists, err := r.Exists(resource.Condition)
	if err != nil {
		return values, err
	}
	if !exists {
		return values, fmt.Errorf("resource %s does not exist, because its condition %s is false",
			id, resource.Condition)
	}
	values, ok = r.Values[id]
	if !ok {
		return values, fmt.Errorf("resource %s has not been created yet", id)
	}
	return values, nil
}

// attribute parses the argument of Fn::GetAtt. The argument is "Id.Name" or ["Id", "Name"].
func attribute(argument any) (id string, name any, ok bool) {
	switch v := argument.(type) {
	case string:
		id, name, ok := strings.Cut(v, ".")
		return id, name, ok
	case []any:
		if len(v) != 2 {
			return "", nil, false
		}
		id, ok := v[0].(string)
		return id, v[1], ok
	}
	return "", nil, false
}

func (r *Resolver) getAtt(argument any) (any, error) {
	id, attributeName, ok := attribute(argument)
	if !ok {
		return nil, fmt.Errorf("the argument must be a logical id and an attribute, got %s",
			describe(argument))
	}
	name, err := r.resolveString(attributeName)
	if err != nil {
		return nil, err
	}
	values, err := r.returnValues(id)
	if err != nil {
		return nil, err
	}
	if value, ok := values.Attributes[name]; ok {
		return value, nil
	}
	if values.Attribute != nil {
		return values.Attribute(name), nil
	}
	return nil, fmt.Errorf("resource %s (%s) has no attribute %s on the local platform",
		id, r.Template.Resources[id].Type, name)
}

// isPlaceholder reports whether a value refers to a resource or attribute that the platform
// replaces with a placeholder. On AWS, the value can be a list instead of a string, or a longer
// list.
func (r *Resolver) isPlaceholder(value any) bool {
	object, _ := value.(map[string]any)
	switch name, argument := intrinsic(object); name {
	case "Ref":
		id, _ := argument.(string)
		values, created := r.Values[id]
		return created && values.Attributes == nil
	case "Fn::GetAtt":
		id, attributeName, _ := attribute(argument)
		name, err := r.resolveString(attributeName)
		_, modelled := r.Values[id].Attributes[name]
		return err == nil && !modelled
	case "Fn::Split", "Fn::Select":
		parts, _ := argument.([]any)
		return len(parts) == 2 && r.isPlaceholder(parts[1])
	case "Fn::Cidr":
		parts, _ := argument.([]any)
		return len(parts) == 3 && r.isPlaceholder(parts[0])
	}
	return false
}
