# Reads stacks, event source mappings and logs with boto3's clients and paginators.
import os
import urllib.request

import boto3

stacks = boto3.client("cloudformation")
pages = stacks.get_paginator("list_stacks").paginate(StackStatusFilter=["CREATE_COMPLETE"])
assert [s["StackName"] for p in pages for s in p["StackSummaries"]] == ["Pipeline"]
assert stacks.list_stacks(StackStatusFilter=["DELETE_COMPLETE"])["StackSummaries"] == []
assert "Outputs" in stacks.get_template(StackName="Pipeline")["TemplateBody"]
resources = stacks.describe_stack_resources(PhysicalResourceId="worker")["StackResources"]
pages = stacks.get_paginator("list_stack_resources").paginate(StackName="Pipeline")
listed = [r for p in pages for r in p["StackResourceSummaries"]]
assert [r["LogicalResourceId"] for r in resources] == [r["LogicalResourceId"] for r in listed]

functions = boto3.client("lambda")
pages = functions.get_paginator("list_event_source_mappings").paginate(FunctionName="worker")
(mapping,) = [m for p in pages for m in p["EventSourceMappings"]]
assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"], mapping
got = functions.get_event_source_mapping(UUID=mapping["UUID"])
assert got["EventSourceMappingArn"].endswith(mapping["UUID"]), got
try:
    functions.update_event_source_mapping(UUID=mapping["UUID"], BatchSize=1)
    raise AssertionError("the batch size changed")
except functions.exceptions.InvalidParameterValueException:
    pass

logs = boto3.client("logs")
pages = logs.get_paginator("describe_log_groups").paginate(PaginationConfig={"PageSize": 1})
assert "worker-log" in [g["logGroupName"] for p in pages for g in p["logGroups"]]
try:
    logs.filter_log_events(logGroupName="none")
    raise AssertionError("found a log group")
except logs.exceptions.ResourceNotFoundException:
    pass
try:
    logs.filter_log_events(logGroupName="worker-log", filterPattern="{ $.a ~ 1 }")
    raise AssertionError("the filter pattern was accepted")
except logs.exceptions.InvalidParameterException:
    pass

name = os.environ["NAME"]
event = '{"eventId":"%s","eventType":"demo"}' % name
request = urllib.request.Request(
    os.environ["API_URL"] + "/events", event.encode(), {"content-type": "application/json"})
urllib.request.urlopen(request)
pattern = '{ $.msg = "event processed" && $.eventId = "%s" }' % name
found = []
while not found:  # until the worker has processed the event
    found = logs.filter_log_events(
        logGroupName="worker-log", startTime=0, filterPattern=pattern)["events"]
stream = found[0]["logStreamName"]
streams = logs.describe_log_streams(
    logGroupName="worker-log", orderBy="LastEventTime", descending=True)["logStreams"]
assert stream in [s["logStreamName"] for s in streams], streams
lines = logs.get_log_events(
    logGroupName="worker-log", logStreamName=stream, startFromHead=True)["events"]
assert any(name in line["message"] for line in lines), lines
try:
    logs.start_query(
        logGroupName="worker-log", startTime=0, endTime=1, queryString="fields @message")
    raise AssertionError("start_query succeeded")
except logs.exceptions.ClientError as e:
    assert "does not serve" in e.response["Error"]["Message"], e
