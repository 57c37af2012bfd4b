//go:build unix

package lambda

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"
)

func TestUpdateFunctionConfiguration_ChangesTheNextInvocations(t *testing.T) {
	s, _ := startService(t, nil)
	c := client(s)
	before := pid(t, s)
	updated, err := c.UpdateFunctionConfiguration(t.Context(),
		&lambda.UpdateFunctionConfigurationInput{
			FunctionName: aws.String("fn"), MemorySize: aws.Int32(512),
			Description: aws.String("changed"),
			Environment: &types.Environment{Variables: map[string]string{"COLOUR": "red"}},
		})
	if err != nil || *updated.MemorySize != 512 || *updated.Timeout != 60 ||
		*updated.Description != "changed" || updated.Environment.Variables["COLOUR"] != "red" {
		t.Fatalf("got %+v, %v", updated, err)
	}
	wait := lambda.NewFunctionUpdatedV2Waiter(c)
	in := &lambda.GetFunctionInput{FunctionName: aws.String("fn")}
	described, err := wait.WaitForOutput(t.Context(), in, time.Minute)
	if err != nil || *described.Configuration.RevisionId != *updated.RevisionId {
		t.Errorf("got %+v, %v", described, err)
	}
	if got := pid(t, s); got == before {
		t.Error("the next invocation ran in the old sandbox")
	}
	if got := string(invoke(t, s, `{"Do":"env"}`).Payload); !strings.Contains(got, `"COLOUR=red"`) {
		t.Errorf("the environment is %s, want COLOUR=red in it", got)
	}
	_, err = c.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{
		FunctionName: aws.String("fn"), Timeout: aws.Int32(7),
	})
	f, _, findErr := s.find("fn")
	if err != nil || findErr != nil || f.Environment["COLOUR"] != "red" || f.MemoryMB != 512 ||
		f.Timeout != 7*time.Second {
		t.Errorf("got %+v, %v, %v; only the timeout should change", f, err, findErr)
	}
}

func TestUpdateFunctionConfiguration_RejectsInvalidSettings(t *testing.T) {
	s, _ := startService(t, nil)
	c := client(s)
	variable := func(name, value string) *types.Environment {
		return &types.Environment{Variables: map[string]string{name: value}}
	}
	for code, inputs := range map[string][]lambda.UpdateFunctionConfigurationInput{
		"ResourceNotFoundException":   {{FunctionName: aws.String("other")}},
		"PreconditionFailedException": {{RevisionId: aws.String("old")}},
		"ValidationException": {
			{Timeout: aws.Int32(0)}, {Timeout: aws.Int32(901)},
			{MemorySize: aws.Int32(127)}, {MemorySize: aws.Int32(10241)},
			{Environment: variable("1A", "x")},
			{Description: aws.String(strings.Repeat("ü", maxDescription+1))},
		},
		"InvalidParameterValueException": {
			{Environment: variable("AWS_REGION", "x")},
			{Environment: variable("LARGE", strings.Repeat("x", maxEnvironment))},
			{Role: aws.String("arn:aws:iam::000000000000:role/x")},
			{Runtime: types.RuntimePython313},
			{Layers: []string{"arn:aws:lambda:us-east-1:000000000000:layer:x:1"}},
			{FunctionName: aws.String("fn:1")},
		},
	} {
		for _, in := range inputs {
			if in.FunctionName == nil {
				in.FunctionName = aws.String("fn")
			}
			_, err := c.UpdateFunctionConfiguration(t.Context(), &in)
			if failure, ok := errors.AsType[smithy.APIError](err); !ok ||
				failure.ErrorCode() != code {
				t.Errorf("%+v: got %v, want %s", in, err, code)
			}
		}
	}
}
