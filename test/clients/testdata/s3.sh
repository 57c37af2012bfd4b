# Copies files with the AWS CLI's high-level commands.
aws s3 mb "s3://$NAME"
mkdir -p in/folder
printf one > in/one
: > in/empty
printf two > in/folder/two

aws s3 cp --recursive in "s3://$NAME/copied"
aws s3 sync "s3://$NAME/copied" out
diff -r in out
