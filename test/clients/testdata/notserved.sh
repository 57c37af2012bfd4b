# Calls that the local platform does not serve fail with a message in the protocol of each service.
set -u
failed=0
while read -r call; do
    answer=$(aws $call 2>&1) || true
    case $answer in
    *"the local platform does not serve"*) ;;
    *) echo "aws $call: $answer" && failed=1 ;;
    esac
done <<CALLS
sns list-topics
ec2 describe-vpcs
cloudwatch list-metrics
route53 list-hosted-zones
kafka list-clusters
lambda list-layers
sns list-topics --no-sign-request
CALLS
exit $failed
