package cloudformation

import (
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// intrinsic returns the function that the object calls and its argument; "" for a plain object.
func intrinsic(object map[string]any) (name string, argument any) {
	if len(object) != 1 {
		return "", nil
	}
	for key, value := range object {
		// {"Condition": "Name"} is a function only within conditions. In policies it is a plain
		// key.
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
		text, err := r.text(argument)
		return base64.StdEncoding.EncodeToString([]byte(text)), err
	case "Fn::GetAZs":
		return []any{r.Pseudo.Region + "a", r.Pseudo.Region + "b", r.Pseudo.Region + "c"}, nil
	case "Fn::ImportValue":
		return r.importValue(argument)
	case "Fn::GetStackOutput":
		return r.stackOutput(argument)
	case "Fn::Equals", "Fn::Not", "Fn::And", "Fn::Or":
		return r.evaluate(map[string]any{name: argument})
	}
	return nil, errors.New("this function is not known to the local platform")
}

func (r *Resolver) ref(argument any) (any, error) {
	id, ok := argument.(string)
	if !ok {
		return nil, fmt.Errorf("need a logical id, got %s", describe(argument))
	}
	switch id {
	case "AWS::NoValue":
		return noValue{}, nil
	case "AWS::Region":
		return r.Pseudo.Region, nil
	case "AWS::AccountId":
		return r.Pseudo.Account, nil
	case "AWS::Partition":
		return "aws", nil
	case "AWS::URLSuffix":
		return "amazonaws.com", nil
	case "AWS::StackName":
		return r.Pseudo.StackName, nil
	case "AWS::StackId":
		return r.Pseudo.StackID, nil
	case "AWS::NotificationARNs":
		return []any{}, nil
	}
	if parameter, ok := r.Template.Parameters[id]; ok {
		return r.parameter(id, parameter)
	}
	values, err := r.created(id)
	return values.Ref, err
}

func (r *Resolver) created(id string) (ReturnValues, error) {
	resource, ok := r.Template.Resources[id]
	if !ok {
		return ReturnValues{}, fmt.Errorf("the template has no resource or parameter %q", id)
	}
	exists, err := r.Exists(resource.Condition)
	if err != nil {
		return ReturnValues{}, err
	}
	if !exists {
		return ReturnValues{}, fmt.Errorf(
			"resource %s is left out by its condition %s", id, resource.Condition)
	}
	values, ok := r.Created[id]
	if !ok {
		return ReturnValues{}, fmt.Errorf("resource %s has not been created yet", id)
	}
	return values, nil
}

func (r *Resolver) parameter(id string, p Parameter) (any, error) {
	value, passed := r.Parameters[id]
	switch {
	case passed:
	case strings.HasPrefix(p.Type, "AWS::SSM::Parameter::Value<"):
		return nil, fmt.Errorf("parameter %s reads the SSM parameter %v, which does not exist locally", id, p.Default)
	case p.Default == nil:
		return nil, fmt.Errorf("parameter %s has no default", id)
	default:
		var err error
		if value, err = r.text(p.Default); err != nil {
			return nil, fmt.Errorf("parameter %s: %w", id, err)
		}
	}
	if p.Type != "CommaDelimitedList" && !strings.HasPrefix(p.Type, "List<") {
		return value, nil
	}
	list := []any{}
	for element := range strings.SplitSeq(value, ",") {
		list = append(list, strings.TrimSpace(element))
	}
	return list, nil
}

// attribute parses the argument of Fn::GetAtt: "Id.Name" or ["Id", "Name"].
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
		return nil, fmt.Errorf("need a logical id and an attribute, got %s", describe(argument))
	}
	name, err := r.text(attributeName)
	if err != nil {
		return nil, err
	}
	values, err := r.created(id)
	if err != nil {
		return nil, err
	}
	if value, ok := values.Attributes[name]; ok {
		return value, nil
	}
	if values.Attribute != nil {
		return values.Attribute(name), nil
	}
	return nil, fmt.Errorf("resource %s (%s) has no attribute %s here", id, r.Template.Resources[id].Type, name)
}

func (r *Resolver) join(argument any) (any, error) {
	parts, err := elements(argument, 2, "a separator and a list")
	if err != nil {
		return nil, err
	}
	separator, err := r.text(parts[0])
	if err != nil {
		return nil, err
	}
	texts, err := r.texts(parts[1])
	return strings.Join(texts, separator), err
}

// elements returns the elements of an argument that must be a list of n, which what describes.
func elements(argument any, n int, what string) ([]any, error) {
	list, ok := argument.([]any)
	if !ok || len(list) != n {
		return nil, fmt.Errorf("need %s, got %s", what, describe(argument))
	}
	return list, nil
}

// resolveList resolves a value that must be a list.
func (r *Resolver) resolveList(value any) ([]any, error) {
	plain, err := r.resolve(value)
	if err != nil {
		return nil, err
	}
	list, ok := plain.([]any)
	if !ok {
		return nil, fmt.Errorf("need a list, got %s", describe(plain))
	}
	return list, nil
}

// texts resolves a list of strings. It leaves out AWS::NoValue.
func (r *Resolver) texts(value any) ([]string, error) {
	list, err := r.resolveList(value)
	if err != nil {
		return nil, err
	}
	var texts []string
	for i, element := range list {
		text, err := r.text(element)
		if err != nil {
			return nil, at(fmt.Sprintf("[%d]", i), err)
		}
		texts = append(texts, text)
	}
	return texts, nil
}

// placeholder matches ${Name}, ${Id.Attribute} and ${!Literal} in Fn::Sub.
var placeholder = regexp.MustCompile(`\$\{([^}]*)\}`)

// substitution parses the argument of Fn::Sub: a string, or a string and its variables.
func substitution(argument any) (text string, variables map[string]any, ok bool) {
	switch v := argument.(type) {
	case string:
		return v, nil, true
	case []any:
		if len(v) != 2 {
			return "", nil, false
		}
		text, isText := v[0].(string)
		variables, isObject := v[1].(map[string]any)
		return text, variables, isText && isObject
	}
	return "", nil, false
}

func (r *Resolver) sub(argument any) (any, error) {
	text, variables, ok := substitution(argument)
	if !ok {
		return nil, fmt.Errorf("need a string, or a string and its variables, got %s", describe(argument))
	}
	var failure error
	result := placeholder.ReplaceAllStringFunc(text, func(match string) string {
		name := match[2 : len(match)-1]
		if literal, ok := strings.CutPrefix(name, "!"); ok {
			return "${" + literal + "}"
		}
		value, err := r.substitute(strings.TrimSpace(name), variables)
		if err != nil && failure == nil {
			failure = at(match, err)
		}
		return value
	})
	return result, failure
}

func (r *Resolver) substitute(name string, variables map[string]any) (string, error) {
	if value, ok := variables[name]; ok {
		return r.text(value)
	}
	if strings.Contains(name, ".") {
		return r.text(map[string]any{"Fn::GetAtt": name})
	}
	return r.text(map[string]any{"Ref": name})
}

func (r *Resolver) selectOne(argument any) (any, error) {
	parts, err := elements(argument, 2, "an index and a list")
	if err != nil {
		return nil, err
	}
	text, err := r.text(parts[0])
	if err != nil {
		return nil, err
	}
	list, err := r.resolveList(parts[1])
	if err != nil {
		return nil, err
	}
	index, err := strconv.Atoi(text)
	if err != nil || index < 0 || index >= len(list) {
		return nil, fmt.Errorf("there is no element %s in a list of %d", text, len(list))
	}
	return list[index], nil
}

func (r *Resolver) split(argument any) (any, error) {
	parts, err := elements(argument, 2, "a separator and a string")
	if err != nil {
		return nil, err
	}
	separator, err := r.text(parts[0])
	if err != nil {
		return nil, err
	}
	text, err := r.text(parts[1])
	if err != nil {
		return nil, err
	}
	list := []any{}
	for part := range strings.SplitSeq(text, separator) {
		list = append(list, part)
	}
	return list, nil
}

func (r *Resolver) findInMap(argument any) (any, error) {
	parts, ok := argument.([]any)
	if !ok || len(parts) < 3 {
		return nil, fmt.Errorf("need a map, two keys and at most a default, got %s", describe(argument))
	}
	keys, err := r.texts(parts[:3])
	if err != nil {
		return nil, err
	}
	if value, ok := r.Template.Mappings[keys[0]][keys[1]][keys[2]]; ok {
		return value, nil
	}
	if len(parts) == 4 {
		if options, ok := parts[3].(map[string]any); ok && options["DefaultValue"] != nil {
			return r.resolve(options["DefaultValue"])
		}
	}
	return nil, fmt.Errorf("the mappings have no %s", strings.Join(keys, "."))
}

func (r *Resolver) importValue(argument any) (any, error) {
	name, err := r.text(argument)
	if err != nil {
		return nil, err
	}
	if value, ok := r.Exports[name]; ok {
		return value, nil
	}
	return nil, fmt.Errorf("no stack of this app exports %q; exports of deployed stacks can't be imported locally", name)
}

// stackOutput returns another stack's output, which the CDK's weak references read.
func (r *Resolver) stackOutput(argument any) (any, error) {
	named, ok := argument.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("need StackName and OutputName, got %s", describe(argument))
	}
	stack, err := r.text(named["StackName"])
	if err != nil {
		return nil, at("StackName", err)
	}
	output, err := r.text(named["OutputName"])
	if err != nil {
		return nil, at("OutputName", err)
	}
	if value, ok := r.Stacks[stack][output]; ok {
		return value, nil
	}
	return nil, fmt.Errorf("no stack of this app that comes before this one is called %q and has an output %q", stack, output)
}
