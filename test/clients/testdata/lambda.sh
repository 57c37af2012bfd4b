# The configuration of a function, its waiters, and the qualifiers of an invocation.
set -eu
function=$(aws lambda list-functions --query 'Functions[?FunctionName==`worker`].FunctionName' \
    --output text)
changed=$(aws lambda update-function-configuration --function-name "$function" --timeout 20 \
    --description "$NAME" --query '[Timeout,Description]' --output text)
[ "$changed" = "20	$NAME" ]
aws lambda wait function-updated --function-name "$function"
aws lambda wait function-active --function-name "$function"
timeout=$(aws lambda get-function-configuration --function-name "$function" \
    --qualifier '$LATEST' --query Timeout --output text)
[ "$timeout" = 20 ]

fails() { # fails CODE COMMAND: the command must fail with the code
    code=$1
    shift
    if answer=$(aws lambda "$@" 2>&1); then
        echo "$* succeeded" && exit 1
    fi
    case $answer in
    *"($code)"*) ;;
    *) echo "$*: $answer" && exit 1 ;;
    esac
}
fails ValidationException update-function-configuration --function-name "$function" --timeout 901
fails InvalidParameterValueException update-function-configuration --function-name "$function" \
    --role arn:aws:iam::000000000000:role/other
fails ResourceNotFoundException get-function --function-name "$function" --qualifier other
printf '{"text":"%1048576s"}' '' > large.json
fails RequestTooLargeException invoke --function-name "$function" --invocation-type Event \
    --payload fileb://large.json answer.json
