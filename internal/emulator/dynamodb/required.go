package dynamodb

import (
	"fmt"
	"strings"
)

// member represents a required member of a request.
type member struct {
	name    string // in DynamoDB's error messages, such as tableName
	present bool
}

// checkRequired returns an error if a required member is absent. DynamoDB checks this before it
// looks up the table. path is the prefix of the members' names in the error, such as
// "transactItems.1.member.put.".
func checkRequired(path string, members ...member) error {
	var absent []string
	for _, m := range members {
		if !m.present {
			absent = append(absent, fmt.Sprintf("Value null at '%s%s' failed to satisfy "+
				"constraint: Member must not be null", path, m.name))
		}
	}
	switch len(absent) {
	case 0:
		return nil
	case 1:
		return validationError("1 validation error detected: %s", absent[0])
	}
	return validationError("%d validation errors detected: %s",
		len(absent), strings.Join(absent, "; "))
}

func requiredTable(name string) member { return member{"tableName", name != ""} }

func requiredKey(table string, itemKey Item) []member {
	return []member{requiredTable(table), {"key", itemKey != nil}}
}
