package emulator

import (
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/cloudformation"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/dynamodb"
)

func (p *provisioner) bucket(r cloudformation.Resource) (cloudformation.Made, error) {
	var in struct {
		BucketName              string
		VersioningConfiguration struct{ Status string }
		BucketEncryption        struct {
			ServerSideEncryptionConfiguration []struct {
				ServerSideEncryptionByDefault struct{ KMSMasterKeyID string }
			}
		}
	}
	if err := p.properties(r, &in); err != nil {
		return cloudformation.Made{}, err
	}
	name := in.BucketName
	if name == "" {
		name = bucketName(p.current.Name, r.LogicalID)
	}
	if err := p.services.s3.CreateBucket(name, in.VersioningConfiguration.Status == "Enabled"); err != nil {
		return cloudformation.Made{}, failed(r, err)
	}
	for _, rule := range in.BucketEncryption.ServerSideEncryptionConfiguration {
		p.encrypts(rule.ServerSideEncryptionByDefault.KMSMasterKeyID, "arn:aws:s3:::"+name)
	}
	return cloudformation.Made{Ref: name, Attributes: map[string]string{
		"Arn":                "arn:aws:s3:::" + name,
		"DomainName":         name + ".s3.amazonaws.com",
		"RegionalDomainName": name + ".s3." + p.region + ".amazonaws.com",
	}}, nil
}

func (p *provisioner) table(r cloudformation.Resource) (cloudformation.Made, error) {
	var in struct {
		TableName            string
		KeySchema            []struct{ AttributeName, KeyType string }
		AttributeDefinitions []struct{ AttributeName, AttributeType string }
		// Only whether there are any: the local DynamoDB has none, and refuses the requests that name one.
		GlobalSecondaryIndexes  []any
		LocalSecondaryIndexes   []any
		TimeToLiveSpecification struct {
			AttributeName string
			Enabled       flag
		}
		SSESpecification struct{ KMSMasterKeyId string }
	}
	if err := p.properties(r, &in); err != nil {
		return cloudformation.Made{}, err
	}
	types := map[string]string{}
	for _, a := range in.AttributeDefinitions {
		types[a.AttributeName] = a.AttributeType
	}
	table := dynamodb.Table{Name: p.name(in.TableName, r, 255)}
	for _, k := range in.KeySchema {
		key := dynamodb.Key{Name: k.AttributeName, Type: types[k.AttributeName]}
		if k.KeyType == "HASH" {
			table.PartitionKey = key
		} else {
			table.SortKey = key
		}
	}
	if in.TimeToLiveSpecification.Enabled {
		table.TTLAttribute = in.TimeToLiveSpecification.AttributeName
	}
	if err := p.services.dynamodb.CreateTable(table); err != nil {
		return cloudformation.Made{}, failed(r, err)
	}
	if n := len(in.GlobalSecondaryIndexes) + len(in.LocalSecondaryIndexes); n > 0 {
		p.leaveOut("secondary index of "+table.Name, n)
	}
	arn := p.arn("dynamodb", "table/"+table.Name)
	p.encrypts(in.SSESpecification.KMSMasterKeyId, arn)
	return cloudformation.Made{Ref: table.Name, Attributes: map[string]string{"Arn": arn}}, nil
}
