# Reads stacks, event source mappings and logs with the AWS CLI, as docs/runbooks.md does.
equals() {
  test "$1" = "$2" || { echo "got $1, want $2"; exit 1; }
}

equals "$(aws cloudformation list-stacks --query 'StackSummaries[].StackName' --output text)" Pipeline
equals "$(aws cloudformation get-template --stack-name Pipeline \
  --query 'TemplateBody.Resources.WorkerFunction.Type' --output text)" AWS::Lambda::Function
equals "$(aws cloudformation describe-stack-resources --stack-name Pipeline \
  --logical-resource-id WorkerFunction --query 'StackResources[].PhysicalResourceId' \
  --output text)" worker

id=$(aws lambda list-event-source-mappings --function-name worker \
  --query 'EventSourceMappings[].UUID' --output text)
equals "$(aws lambda get-event-source-mapping --uuid "$id" --query State --output text)" Enabled
aws lambda update-event-source-mapping --uuid "$id" --enabled

curl -sSf "$API_URL/events" -H 'content-type: application/json' \
  -d "{\"eventId\":\"$NAME\",\"eventType\":\"demo\"}"
found=
for _ in $(seq 100); do # until the worker has processed the event
  found=$(aws logs filter-log-events --log-group-name worker-log --start-time 0 \
    --filter-pattern "{ \$.msg = \"event processed\" && \$.eventId = \"$NAME\" }" \
    --query 'events[].logStreamName' --output text)
  test -z "$found" || break
done
aws logs describe-log-streams --log-group-name worker-log --order-by LastEventTime --descending \
  --query 'logStreams[].logStreamName' --output text | grep -qF "$found"
aws logs get-log-events --log-group-name worker-log --log-stream-name "$found" --start-from-head \
  --query 'events[].message' --output text | grep -qF "$NAME"
if aws logs start-query --log-group-name worker-log --start-time 0 --end-time 1 \
  --query-string 'fields @message' 2>error; then exit 1; fi
grep -q 'does not serve' error
