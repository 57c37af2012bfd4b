# Uses queues with the AWS CLI. Old versions send requests in the query protocol to the queue's URL.
sqs() { aws sqs --output text "$@"; }

url=$(sqs create-queue --queue-name "$NAME" --attributes VisibilityTimeout=0 --query QueueUrl)
[[ $(sqs get-queue-url --queue-name "$NAME") == *"$url" ]]
id=$(sqs send-message --queue-url "$url" --message-body '<a & "b">' --query MessageId \
  --message-attributes '{"n":{"DataType":"Number","StringValue":"1"}}')
got=$(sqs receive-message --queue-url "$url" --message-attribute-names All \
  --query 'Messages[0].[MessageId,Body,MessageAttributes.n.StringValue]')
[[ $got == "$id"*'<a & "b">'*1 ]]

batch=$(sqs send-message-batch --queue-url "$url" \
  --entries Id=good,MessageBody=x Id=bad,MessageBody=y,DelaySeconds=901 \
  --query '[Successful[].Id,Failed[].[Id,Code]][]')
[[ $batch == *good*bad*InvalidParameterValue* ]]

error=$(sqs send-message --queue-url "$url" --message-body x --message-deduplication-id 1 2>&1) &&
  exit 1
[[ $error == *InvalidParameterValue*"not valid for this queue type"* ]]
error=$(sqs send-message --queue-url "$url-absent" --message-body x 2>&1) && exit 1
[[ $error == *NonExistentQueue* ]]
sqs delete-queue --queue-url "$url"
