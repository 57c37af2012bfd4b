# Runs commands of docs/runbooks.md with the AWS CLI. The scripts for boto3 test more operations of
# the same services, because each start of the AWS CLI takes a second.
equals() {
  test "$1" = "$2" || { echo "got $1, want $2"; exit 1; }
}

equals "$(aws cloudformation get-template --stack-name Pipeline \
  --query 'TemplateBody.Resources.WorkerFunction.Type' --output text)" AWS::Lambda::Function
equals "$(aws lambda list-event-source-mappings --function-name worker \
  --query 'EventSourceMappings[].State' --output text)" Enabled
equals "$(aws logs describe-log-groups --log-group-name-prefix worker-log \
  --query 'logGroups[].logGroupName' --output text)" worker-log
if aws sns list-topics --no-sign-request 2>error; then exit 1; fi
grep -q 'the local platform does not serve' error
