# Copies files with the AWS CLI's high-level commands: empty ones, and 30 MB in parts.
aws s3 mb "s3://$NAME"
mkdir -p in/folder
printf one > in/folder/one
: > in/empty
: > in/folder/empty
head -c 30000000 /dev/urandom > in/large

aws s3 sync --quiet in "s3://$NAME/in"
aws s3api put-object-tagging --bucket "$NAME" --key in/large \
  --tagging 'TagSet=[{Key=color,Value=blue}]'
etag=$(aws s3api head-object --bucket "$NAME" --key in/large --query ETag --output text)
[[ $etag == *-4\" ]] # four parts of 8 MiB

aws s3 cp --quiet --recursive "s3://$NAME/in" "s3://$NAME/copy"
tag=$(aws s3api get-object-tagging --bucket "$NAME" --key copy/large \
  --query 'TagSet[].[Key,Value]' --output text)
[[ $tag == color*blue || $(aws --version) == aws-cli/1* ]] # version 1 copies no tags

aws s3 sync --quiet "s3://$NAME/copy" out
diff -r in out
again=$(aws s3 sync "s3://$NAME/copy" out && aws s3 sync out "s3://$NAME/copy")
[[ -z $again ]] # nothing has changed

url=$(aws s3 presign "s3://$NAME/in/folder/one")
[[ $(curl -sS "$url") == one ]]
[[ $(curl -sS "${url/folder/other}") == *SignatureDoesNotMatch* ]]
