import json
import os

import boto3
from botocore.exceptions import ClientError

name = os.environ["NAME"]
sqs, events, dynamodb = (boto3.client(s) for s in ["sqs", "events", "dynamodb"])


def error(call, **parameters):
    """Returns the code of a call that must fail."""
    try:
        call(**parameters)
    except ClientError as e:
        return e.response["Error"]["Code"]
    raise AssertionError("the call succeeded")


def new_queue(suffix, **attributes):
    url = sqs.create_queue(QueueName=name + suffix, Attributes=attributes)["QueueUrl"]
    got = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return url, got["Attributes"]["QueueArn"]


# A move task sends dead letters back to their source.
dlq, dlq_arn = new_queue("-dlq")
policy = json.dumps({"deadLetterTargetArn": dlq_arn, "maxReceiveCount": 1})
queue, queue_arn = new_queue("", VisibilityTimeout="0", RedrivePolicy=policy)
sqs.send_message(QueueUrl=queue, MessageBody="poison", MessageGroupId="tenant")
assert sqs.receive_message(QueueUrl=queue)["Messages"]
assert "Messages" not in sqs.receive_message(QueueUrl=queue)
sqs.start_message_move_task(SourceArn=dlq_arn, MaxNumberOfMessagesPerSecond=500)
message = sqs.receive_message(
    QueueUrl=queue, WaitTimeSeconds=20, AttributeNames=["All"], VisibilityTimeout=60
)["Messages"][0]
assert message["Attributes"]["MessageGroupId"] == "tenant", message
task = sqs.list_message_move_tasks(SourceArn=dlq_arn)["Results"][0]
assert task["Status"] == "COMPLETED" and task["ApproximateNumberOfMessagesMoved"] == 1, task
code = error(sqs.start_message_move_task, SourceArn=queue_arn)
assert code == "InvalidParameterValue", code

# EventBridge needs the permission of the queue's policy.
events.put_rule(Name=name, EventPattern='{"source":["shop"]}')
result = events.put_targets(
    Rule=name,
    Targets=[
        {"Id": "queue", "Arn": dlq_arn},
        {"Id": "topic", "Arn": dlq_arn.replace(":sqs:", ":sns:")},
    ],
)
assert [f["TargetId"] for f in result["FailedEntries"]] == ["topic"], result
statement = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": dlq_arn}
statement["Principal"] = {"Service": "events.amazonaws.com"}
policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
sqs.set_queue_attributes(QueueUrl=dlq, Attributes={"Policy": policy})
events.put_events(Entries=[{"Source": "shop", "DetailType": "x", "Detail": "{}"}])
assert sqs.receive_message(QueueUrl=dlq, WaitTimeSeconds=20)["Messages"]

# A transaction with the same token has an effect only once.
key = {"pk": {"S": "key"}}
dynamodb.create_table(
    TableName=name,
    KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
    BillingMode="PAY_PER_REQUEST",
)
update = {"TableName": name, "Key": key, "UpdateExpression": "ADD n :one"}
update["ExpressionAttributeValues"] = {":one": {"N": "1"}}
for _ in range(2):
    dynamodb.transact_write_items(TransactItems=[{"Update": update}], ClientRequestToken="token")
item = dynamodb.get_item(TableName=name, Key=key)["Item"]
assert item["n"] == {"N": "1"}, item
update["ExpressionAttributeValues"] = {":one": {"N": "2"}}
code = error(
    dynamodb.transact_write_items,
    TransactItems=[{"Update": update}],
    ClientRequestToken="token",
)
assert code == "IdempotentParameterMismatchException", code
